"""Quality control: whether a patient's volumes can be used."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from gfce.cohort.bids import PatientFiles
from gfce.errors import UserError
from gfce.images.alignment import How, drawn_on
from gfce.images.arrays import Volume
from gfce.images.coverage import check_coverage
from gfce.images.masks import check_mask, mask_labels
from gfce.images.modalities import MODALITIES
from gfce.images.reading import read_image
from gfce.images.volume_statistics import PERCENTILES
from gfce.images.volumes import Image, orient, same_geometry, to_array

MASK = "tumour mask"
"""What messages call it."""
MIN_PIXELS = 16
"""The fewest rows and columns of an axial slice: fewer show no anatomy."""
MIN_CONTRAST = 0.01
"""The least range of the middle 99% of a volume, as a share of their largest magnitude: a head is
brighter than the air around it, by much more than this."""
MAX_OUTLIER = 1000.0
"""How many times that range the whole range may be: with more, Min-Max makes the head one grey."""


@dataclass(frozen=True)
class Checked:
    """A patient's files, one per modality, and the geometry of T1w."""

    paths: dict[str, Path]
    slices: int
    voxel_mm: tuple[float, ...]
    labels: tuple[int, ...]
    """The tumour mask's, where it has several and none was chosen."""


def check_patient(
    patient: PatientFiles, label: int | None = None, alignment: How = "none"
) -> Checked:
    """Read a patient's three volumes and check that a study can use them.

    `label` is the number of the tumour in the mask, where this has several, and `alignment` how
    the volumes will come to one grid.

    Raises:
        UserError: a modality is missing or has several files, a file is unreadable, a volume is
            too small or (nearly) constant, the mask is none, or the volumes (and tumour mask)
            differ in geometry; with an alignment, a volume lies beside T1w, or the mask on no
            volume's grid. The message names the patient and the file.
    """
    try:
        paths = {modality: _only_file(patient, modality) for modality in MODALITIES}
        images = {modality: read_image(path) for modality, path in paths.items()}
        _check_sizes(paths, images)
        _check_intensities(paths, images)
        labels: list[int] = []
        if patient.tumour is not None:
            mask = read_image(patient.tumour)
            images[MASK] = check_mask(mask, patient.tumour, label)
            labels = mask_labels(mask)
        _check_geometries(images) if alignment == "none" else _check_places(images)
    except UserError as error:
        raise UserError(f"{patient.patient_id}: {error}") from None
    t1w = images["t1w"]
    several = tuple(labels) if len(labels) > 1 and label is None else ()
    return Checked(paths, t1w.GetSize()[2], t1w.GetSpacing(), several)


def _only_file(patient: PatientFiles, modality: str) -> Path:
    files = patient.files.get(modality, [])
    if not files:
        raise UserError(f"no {modality} volume: add it or leave the patient out")
    if len(files) > 1:
        names = ", ".join(sorted(path.name for path in files))
        raise UserError(f"{len(files)} {modality} volumes ({names}): keep one")
    return files[0]


def _check_sizes(paths: dict[str, Path], images: dict[str, Image]) -> None:
    for modality, path in paths.items():
        columns, rows, _ = orient(images[modality]).GetSize()
        if min(columns, rows) < MIN_PIXELS:
            raise UserError(
                f"{path.name}: its axial slices have {rows} x {columns} pixels, "
                f"less than {MIN_PIXELS} x {MIN_PIXELS}: leave the patient out"
            )


def _check_intensities(paths: dict[str, Path], images: dict[str, Image]) -> None:
    arrays = {modality: to_array(images[modality]) for modality in paths}
    for modality, path in paths.items():
        try:
            _check_contrast(arrays[modality])
        except UserError as error:
            raise UserError(f"{path.name}: {error}") from None


def _check_contrast(volume: Volume) -> None:
    lowest, highest = float(volume.min()), float(volume.max())
    if lowest == highest:
        raise UserError(f"every voxel is {lowest:g}: export it again")
    low, high = (float(value) for value in np.percentile(volume, PERCENTILES))
    if low == high:
        raise UserError(f"99% of its voxels or more are {low:g}: export it again")
    if high - low < MIN_CONTRAST * max(abs(low), abs(high)):
        raise UserError(f"99% of its voxels are between {low:g} and {high:g}: export it again")
    if highest - lowest > MAX_OUTLIER * (high - low):
        raise UserError(
            f"its range is {lowest:g} to {highest:g} but that of 99% of its voxels {low:g} to "
            f"{high:g}: remove the outliers"
        )


def _check_geometries(images: dict[str, Image]) -> None:
    for (first, a), (second, b) in combinations(images.items(), 2):
        if not same_geometry(a, b):
            raise UserError(
                f"{first} and {second} lie on different grids {a.GetSize()} and {b.GetSize()}: "
                "register and resample them to one"
            )


def _check_places(images: dict[str, Image]) -> None:
    """Refuse volumes that lie beside T1w, and a mask that goes with none of them."""
    volumes = {name: orient(image) for name, image in images.items() if name != MASK}
    for modality, image in volumes.items():
        check_coverage(volumes["t1w"], image, modality)
    if MASK in images:
        drawn_on(orient(images[MASK]), volumes)
