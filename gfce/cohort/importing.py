"""`gfce import`: a manifest of images, wherever they lie, becomes a BIDS dataset."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gfce.cohort.bids import (
    Patient,
    patient_ids,
    write_dataset,
    write_masks_description,
    write_patient,
)
from gfce.errors import UserError
from gfce.files import check_rows, records
from gfce.images.store import MODALITIES
from gfce.images.volumes import check_finite, read_image
from gfce.progress import progress

COLUMNS = ("patient", "institution", *MODALITIES)


def import_manifest(manifest: Path, dataset: Path) -> None:
    """Write the patients of a manifest as a BIDS dataset.

    The manifest is a CSV with the columns patient, institution, t1w, t2w, ce and, if wished,
    tumour_mask; paths are relative to the manifest. An empty path is a modality that the patient
    lacks: `gfce index` then says what becomes of the patient. No voxel is changed.

    Raises:
        UserError: a column is missing, a file cannot be read, two patients would share an id, or
            the dataset exists already.
    """
    table = _read_manifest(manifest)
    if dataset.exists() and any(dataset.iterdir()):
        raise UserError(f"{dataset}: is not empty: name a new folder")
    ids = patient_ids(table["patient"])
    patients = [(ids[row["patient"]], row) for row in records(table)]
    for patient_id, row in patients:
        _check_files(patient_id, row, manifest.parent)
    for patient_id, row in progress(patients, "import"):
        write_patient(dataset, _read_patient(patient_id, row, manifest.parent))
    if any(row["tumour_mask"] for _, row in patients):
        write_masks_description(dataset)
    institutions = {patient: row["institution"] for patient, row in patients}
    write_dataset(dataset, dataset.name, institutions, "gfce import")


def _read_manifest(manifest: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    except OSError as error:
        raise UserError(f"{manifest}: {error.strerror}: name a manifest that exists") from None
    except (ValueError, UnicodeDecodeError):
        raise UserError(f"{manifest}: not a CSV table in UTF-8: export it as one") from None
    check_rows(table, manifest, COLUMNS, "patient")
    return table if "tumour_mask" in table else table.assign(tumour_mask="")


def _check_files(patient_id: str, row: dict[str, str], folder: Path) -> None:
    for column in (*MODALITIES, "tumour_mask"):
        if row[column] and not (folder / row[column]).exists():
            raise UserError(f"{patient_id}: {column}: {row[column]}: no such file: correct the row")


def _read_patient(patient_id: str, row: dict[str, str], folder: Path) -> Patient:
    try:
        images = {m: read_image(folder / row[m]) for m in MODALITIES if row[m]}
        for modality, image in images.items():
            check_finite(image, folder / row[modality])
        tumour = read_image(folder / row["tumour_mask"]) if row["tumour_mask"] else None
    except UserError as error:
        raise UserError(f"{patient_id}: {error}") from None
    sidecars = {modality: {"InstitutionName": row["institution"]} for modality in images}
    return Patient(patient_id, row["institution"], images, sidecars, tumour)
