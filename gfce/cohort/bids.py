"""BIDS datasets: their layout, and how they are written; `gfce.cohort.reading` reads them.

Source: BIDS 1.10 (Gorgolewski et al., Sci Data 2016). The contrast-enhanced volume carries the
`ce-` entity; tumour masks lie in a derivative dataset, because raw BIDS holds no masks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from gfce import __version__
from gfce.cohort.layout import DESCRIPTION, MASKS, PARTICIPANTS
from gfce.errors import UserError
from gfce.files import write_json, write_text
from gfce.images.modalities import MODALITIES
from gfce.images.volumes import Image
from gfce.images.writing import write_image

BIDS_VERSION = "1.10.0"


@dataclass(frozen=True)
class PatientFiles:
    """What a dataset holds of one patient; a modality may have no file, or too many.

    `problem` is a reason to exclude the patient that needs no look into the files (None: no such
    reason).
    """

    patient_id: str
    institution: str
    files: Mapping[str, list[Path]]
    tumour: Path | None = None
    field_strength_t: float | None = None
    problem: str | None = None
    no_institution: str = "participants.tsv names no institution: add it"
    """What is said where `institution` is empty."""


@dataclass(frozen=True)
class Patient:
    """A patient to be written: images, sidecars and, where known, the tumour."""

    patient_id: str
    institution: str
    images: Mapping[str, Image]
    sidecars: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    tumour: Image | None = None


def write_dataset(root: Path, name: str, institutions: Mapping[str, str], generator: str) -> None:
    """Write the files that describe a dataset: description, README and participants.tsv.

    `institutions` maps every patient id to its institution; `generator` names the command that
    wrote the images.
    """
    write_json({**_description(name, generator), "DatasetType": "raw"}, root / DESCRIPTION)
    write_text(f"{name}: T1w, T2w and contrast-enhanced T1w MRI, by gfce.\n", root / "README")
    table = pd.DataFrame(
        {"participant_id": institutions.keys(), "institution": institutions.values()}
    )
    write_text(table.to_csv(sep="\t", index=False, lineterminator="\n"), root / PARTICIPANTS)
    write_json(
        {"institution": {"Description": "Hospital that the patient was imaged at"}},
        root / "participants.json",
    )


def write_patient(root: Path, patient: Patient) -> None:
    """Write a patient's images with their sidecars, and the tumour mask as a derivative."""
    for modality, image in patient.images.items():
        stem = anat_path(patient.patient_id, MODALITIES[modality].suffix)
        write_image(image, root / f"{stem}.nii.gz")
        write_json(patient.sidecars.get(modality, {}), root / f"{stem}.json")
    if patient.tumour is not None:
        stem = anat_path(patient.patient_id, "label-tumour_mask")
        write_image(patient.tumour, root / MASKS / f"{stem}.nii.gz")
        write_json({"Type": "ROI"}, root / MASKS / f"{stem}.json")


def write_masks_description(root: Path) -> None:
    """Describe the derivative dataset of tumour masks."""
    write_derivative_description(root / MASKS, "Tumour masks")


def write_derivative_description(root: Path, name: str) -> None:
    """Write the description of a derivative dataset that gfce makes."""
    write_json({**_description(name, "gfce"), "DatasetType": "derivative"}, root / DESCRIPTION)


def anat_path(patient_id: str, suffix: str) -> str:
    """The path of an anatomical file below its dataset, without the extension."""
    return f"{patient_id}/anat/{patient_id}_{suffix}"


def patient_ids(names: Iterable[str]) -> dict[str, str]:
    """BIDS ids for any patient names: letters and digits are kept, the rest is left out.

    Raises:
        UserError: a name has no letter or digit, or two names become the same id but for upper
            and lower case.
    """
    taken: set[str] = set()
    return {name: bids_id(name, taken) for name in names}


def bids_id(name: str, taken: set[str]) -> str:
    """The BIDS id of a patient's name, which is added to those that are taken.

    Raises:
        UserError: as `patient_ids`.
    """
    label = "".join(letter for letter in name if letter.isascii() and letter.isalnum())
    # Some file systems do not tell sub-a from sub-A.
    if not label or label.lower() in taken:
        raise UserError(f"patient {name}: gives no BIDS id of its own: rename the patient")
    taken.add(label.lower())
    return f"sub-{label}"


def _description(name: str, generator: str) -> dict[str, object]:
    generated = [{"Name": generator, "Version": __version__}]
    return {"Name": name, "BIDSVersion": BIDS_VERSION, "GeneratedBy": generated}
