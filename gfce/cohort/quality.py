"""Quality control: whether a patient's volumes can be used."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from gfce.cohort.bids import PatientFiles
from gfce.errors import UserError
from gfce.images.store import MODALITIES
from gfce.images.volumes import Image, check_finite, read_image, same_grid, to_array


@dataclass(frozen=True)
class Checked:
    """A patient's files, one per modality, and the geometry that they share."""

    paths: dict[str, Path]
    slices: int
    voxel_mm: tuple[float, ...]


def check_patient(patient: PatientFiles) -> Checked:
    """Read a patient's three volumes and check that a study can use them.

    Raises:
        UserError: a modality is missing or there more than once, a volume is constant, not
            finite or unreadable, or the volumes (and tumour mask) lie on different grids. The
            message names the patient and the file.
    """
    try:
        paths = {modality: _only_file(patient, modality) for modality in MODALITIES}
        images = {modality: read_image(path) for modality, path in paths.items()}
        if patient.tumour is not None:
            images["tumour mask"] = read_image(patient.tumour)
        _check_intensities(paths, images)
        _check_grids(images)
    except UserError as error:
        raise UserError(f"{patient.patient_id}: {error}") from None
    geometry = images["t1w"]
    return Checked(paths, geometry.GetSize()[2], geometry.GetSpacing())


def _only_file(patient: PatientFiles, modality: str) -> Path:
    files = patient.files.get(modality, [])
    if not files:
        raise UserError(f"no {modality} volume: add it or leave the patient out")
    if len(files) > 1:
        names = ", ".join(sorted(path.name for path in files))
        raise UserError(f"{len(files)} {modality} volumes ({names}): keep one")
    return files[0]


def _check_intensities(paths: dict[str, Path], images: dict[str, Image]) -> None:
    for modality, path in paths.items():
        check_finite(images[modality], path)
        array = to_array(images[modality])
        if array.min() == array.max():
            raise UserError(f"{path.name}: every voxel is {array.min():g}: export it again")


def _check_grids(images: dict[str, Image]) -> None:
    for (first, a), (second, b) in combinations(images.items(), 2):
        if not same_grid(a, b):
            raise UserError(
                f"{first} and {second} lie on different grids {a.GetSize()} and {b.GetSize()}: "
                "register and resample them to one"
            )
