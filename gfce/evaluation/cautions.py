"""What about a new patient is unlike anything that a model can have been trained on.

Limits are wide, whatever the training: they find exports that went wrong and images of something
else. `gfce.evaluation.unlike` compares with the training patients.
"""

from __future__ import annotations

import numpy as np

from gfce.evaluation.new_patient import NewPatient
from gfce.images.alignment import NOT_REGISTERED
from gfce.images.arrays import Mask, Volume
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.modalities import INPUTS, MODALITIES

MATRIX_RATIO = 2.0
"""How many times more or fewer pixels than the model's matrix a slice may have, on each axis."""
PIXEL_RATIO = 1.5
"""How much longer than wide a pixel of the model's matrix may be: with more a head is stretched."""
FOV_MM = (120.0, 400.0)
"""Fields of view of a slice, mm, that show a head."""
MIN_HEAD = 0.05
"""The least share of a volume that is head."""
MAX_CLIPPED = 0.1
"""The largest share of the head that a bounded normalization may put at an end of its range."""
FAR = 10.0
"""Magnitude of an unbounded normalized intensity that no head has (Z-Scores: SDs)."""
MIN_RANGE = 0.05
"""The least range of the middle 98% of a head, in normalized units: with less it is one grey."""


def cautions(patient: NewPatient, normalization: FittedNormalization) -> list[str]:
    """What is unlike a training patient, one line each, without names (empty: nothing is seen)."""
    found = [*_of_grid(patient), *_of_place(patient)]
    share = float(patient.head.mean())
    if share < MIN_HEAD:
        found.append(f"T1w and T2w: the head that is found is {share:.1%} of the volume")
    for modality in INPUTS:
        volume = patient.normalized(modality, normalization)
        title = MODALITIES[modality].title
        found += [
            f"{title}: {text}" for text in _of_intensities(volume, patient.head, normalization)
        ]
    return found


def _of_grid(patient: NewPatient) -> list[str]:
    matrix, native = patient.head.shape[1:], patient.native_matrix
    columns_mm, rows_mm, _ = patient.geometry.spacing
    fov = (rows_mm * matrix[0], columns_mm * matrix[1])
    found = []
    ratios = [own / of_model for own, of_model in zip(native, matrix, strict=True)]
    if max(ratios) > MATRIX_RATIO or min(ratios) < 1 / MATRIX_RATIO:
        found.append(
            f"T1w and T2w: slices of {native[0]} x {native[1]} pixels, the model's have "
            f"{matrix[0]} x {matrix[1]}"
        )
    if max(rows_mm / columns_mm, columns_mm / rows_mm) > PIXEL_RATIO:
        found.append(
            f"T1w and T2w: pixels of {rows_mm:.2f} x {columns_mm:.2f} mm on the model's matrix "
            "stretch the head"
        )
    if min(fov) < FOV_MM[0] or max(fov) > FOV_MM[1]:
        found.append(
            f"T1w and T2w: a field of view of {fov[0]:.0f} x {fov[1]:.0f} mm is not that of a head"
        )
    return found


def _of_place(patient: NewPatient) -> list[str]:
    if patient.placement.outcome != "failed":
        return []
    return [f"T2w: {NOT_REGISTERED}: {patient.placement.reason}"]


def _of_intensities(volume: Volume, head: Mask, normalization: FittedNormalization) -> list[str]:
    """Of one normalized volume, (slice, row, column)."""
    inside = volume[head]
    low, high = (float(value) for value in np.percentile(inside, (1, 99)))
    found = []
    if normalization.bounded:
        clipped = float(((inside <= 0) | (inside >= 1)).mean())
        if clipped > MAX_CLIPPED:
            found.append(f"{clipped:.0%} of the head are at the ends of the normalized range")
    elif max(abs(low), abs(high)) > FAR:
        found.append(
            f"normalized intensities of the head are {low:.3g} to {high:.3g}, beyond {FAR:g}"
        )
    if high - low < MIN_RANGE:
        found.append(
            f"the head is nearly one grey ({low:.3g} to {high:.3g} in normalized units): it has "
            "voxels far brighter than the head, or other units than the training's"
        )
    return found
