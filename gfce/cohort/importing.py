"""`gfce import`: the images of a manifest become a BIDS dataset."""

from __future__ import annotations

from pathlib import Path

from gfce.cohort.bids import (
    Patient,
    patient_ids,
    write_dataset,
    write_masks_description,
    write_patient,
)
from gfce.cohort.manifest import MASK, image_path, read_manifest, shown
from gfce.errors import UserError
from gfce.files import new_folder
from gfce.images.formats import format_of
from gfce.images.layout import check_regular
from gfce.images.masks import check_mask
from gfce.images.modalities import MODALITIES
from gfce.images.reading import read_image
from gfce.images.volumes import Image
from gfce.progress import progress


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
        _check_files(patient_id, row, manifest)
    if dataset.exists() and (not dataset.is_dir() or any(dataset.iterdir())):
        raise UserError(f"{dataset.name}: is not empty: name a new folder")
    with new_folder(dataset.resolve()) as root:
        for patient_id, row in progress(patients, "import"):
            write_patient(root, _read_patient(patient_id, row, manifest, label))
        if any(row[MASK] for _, row in patients):
            write_masks_description(root)
        institutions = {patient: row["institution"] for patient, row in patients}
        write_dataset(root, dataset.resolve().name, institutions, "gfce import")


def _check_files(patient_id: str, row: dict[str, str], manifest: Path) -> None:
    """Check all files of a patient before any is read, because reading takes long."""
    for column in (*MODALITIES, MASK):
        if not row[column]:
            continue
        path = image_path(manifest, row[column])
        try:
            check_regular(path)
            format_of(path)
        except UserError as error:
            raise UserError(f"{patient_id}: {column}: {shown(row[column])}: {error}") from None


def _read_patient(
    patient_id: str, row: dict[str, str], manifest: Path, label: int | None
) -> Patient:
    try:
        images = {m: read_image(image_path(manifest, row[m])) for m in MODALITIES if row[m]}
        tumour = _read_mask(image_path(manifest, row[MASK]), label) if row[MASK] else None
    except UserError as error:
        raise UserError(f"{patient_id}: {error}") from None
    sidecars = {modality: {"InstitutionName": row["institution"]} for modality in images}
    return Patient(patient_id, row["institution"], images, sidecars, tumour)


def _read_mask(path: Path, label: int | None) -> Image:
    """A tumour mask: of a label as voxels of 0 and 1, without one as the file has it."""
    image = read_image(path)
    mask = check_mask(image, path, label)
    return image if label is None else mask
