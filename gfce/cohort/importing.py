"""`gfce import`: the images of a manifest become a BIDS dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from gfce.cohort.bids import (
    Patient,
    patient_ids,
    write_dataset,
    write_masks_description,
    write_patient,
)
from gfce.cohort.manifest import MASK, read_manifest, shown
from gfce.errors import UserError
from gfce.files import new_folder
from gfce.images.formats import format_of
from gfce.images.layout import check_regular
from gfce.images.masks import check_mask
from gfce.images.modalities import MODALITIES
from gfce.images.reading import read_image
from gfce.images.volumes import Image
from gfce.progress import progress

Row = Mapping[str, str]
"""A patient's institution and paths of images, by the columns of a manifest."""


def import_manifest(manifest: Path, dataset: Path, label: int | None = None) -> None:
    """Write the patients of a manifest as a BIDS dataset, all of them or nothing.

    The manifest is a CSV with the columns patient, institution, t1w, t2w, ce and, optionally,
    tumour_mask; paths are relative to the manifest. An empty path is a modality that the patient
    lacks: `gfce index` then decides about the patient. Voxels stay as they are, except in masks
    with several labels, of which `label` is the tumour's: they become 0 and 1. Of an image's
    header only the geometry is kept.

    Raises:
        UserError: a column is missing, a file cannot be read, two patients would share an id, or
            the dataset exists already.
    """
    table = read_manifest(manifest)
    ids = patient_ids(row["patient"] for row in table)
    patients = [(ids[row["patient"]], row) for row in table]
    for patient_id, row in patients:
        check_files(patient_id, row, manifest.parent)
    check_new(dataset)
    with new_folder(dataset.resolve()) as root:
        institutions = write_patients(root, patients, manifest.parent, label, _refuse)
        write_dataset(root, dataset.resolve().name, institutions, "gfce import")


def check_new(dataset: Path) -> None:
    """Refuse to write a dataset where something is.

    Raises:
        UserError: it is a file, or a folder that is not empty.
    """
    if dataset.exists() and (not dataset.is_dir() or any(dataset.iterdir())):
        raise UserError(f"{dataset.name}: is not empty: name a new folder")


def check_files(patient_id: str, row: Row, folder: Path) -> None:
    """Check all files of a patient before any is read, because reading takes long.

    Paths are relative to `folder`, or absolute.

    Raises:
        UserError: one is no regular file of a known format.
    """
    for column in (*MODALITIES, MASK):
        if not row[column]:
            continue
        path = folder / row[column]
        try:
            check_regular(path)
            format_of(path)
        except UserError as error:
            raise UserError(f"{patient_id}: {column}: {shown(row[column])}: {error}") from None


def write_patients(
    root: Path,
    patients: Iterable[tuple[str, Row]],
    folder: Path,
    label: int | None,
    refuse: Callable[[str, UserError], None],
) -> dict[str, str]:
    """Read patients' images from `folder`, one patient at a time, and write them into a dataset.

    `refuse` is called with the id of a patient who cannot be read and the reason; unless it
    raises, the patient is left out.

    Returns:
        The institution of each patient who was written, by id.
    """
    institutions, masks = {}, False
    for patient_id, row in progress(list(patients), "import"):
        try:
            patient = _read_patient(patient_id, row, folder, label)
        except UserError as error:
            refuse(patient_id, error)
            continue
        write_patient(root, patient)
        institutions[patient_id] = patient.institution
        masks = masks or patient.tumour is not None
    if masks:
        write_masks_description(root)
    return institutions


def _refuse(_patient_id: str, error: UserError) -> None:
    raise error


def _read_patient(patient_id: str, row: Row, folder: Path, label: int | None) -> Patient:
    try:
        images = {m: read_image(folder / row[m]) for m in MODALITIES if row[m]}
        tumour = _read_mask(folder / row[MASK], label) if row[MASK] else None
    except UserError as error:
        raise UserError(f"{patient_id}: {error}") from None
    sidecars = {modality: {"InstitutionName": row["institution"]} for modality in images}
    return Patient(patient_id, row["institution"], images, sidecars, tumour)


def _read_mask(path: Path, label: int | None) -> Image:
    """A tumour mask: of a label as voxels of 0 and 1, without one as the file has it."""
    image = read_image(path)
    mask = check_mask(image, path, label)
    return image if label is None else mask
