"""Masks of the tumour: which of a label image's voxels are tumour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)
from numpy.typing import NDArray

from gfce.errors import UserError
from gfce.images.reading import read_image
from gfce.images.volumes import Image

MAX_SHARE = 0.5
"""The largest share of a volume that a tumour can have; an inverted mask has more."""


def read_mask(path: Path, label: int | None = None) -> Image:
    """Read a tumour mask as voxels of 0 and 1 (uint8).

    Raises:
        UserError: the file cannot be read, or `check_mask` refuses it.
    """
    return check_mask(read_image(path), path, label)


def check_mask(image: Image, path: Path, label: int | None = None) -> Image:
    """The tumour of an image read from `path`, as voxels of 0 and 1 (uint8).

    `label` is the number of the tumour's voxels; without it, every voxel that is not 0 is tumour
    (all of several labels, such as core and oedema).

    Raises:
        UserError: a voxel is no whole number from 0, no voxel is tumour, or more than `MAX_SHARE`
            of all are. The message begins with the file's name.
    """
    array = sitk.GetArrayViewFromImage(image)
    try:
        labels = _labels(array)
        chosen = [n for n in labels if n] if label is None else [_tumour_label(label)]
        share = float(np.isin(array, chosen).mean())
        if not chosen:
            raise UserError("no voxel is tumour: leave the mask out")
        if share == 0:
            raise UserError(
                f"has no voxel of label {label} (it has {listed(labels)}): choose another"
            )
        if share > MAX_SHARE:
            raise UserError(f"{share:.0%} of its voxels are tumour, over half: is it inverted?")
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None
    return image != 0 if label is None else image == label


def mask_labels(image: Image) -> list[int]:
    """The labels of a mask besides 0.

    Raises:
        UserError: its voxels are no labels.
    """
    return [label for label in _labels(sitk.GetArrayViewFromImage(image)) if label]


def _labels(array: NDArray[np.generic]) -> list[int]:
    """The numbers of a label image."""
    values = np.unique(array)
    wrong = values[(values < 0) | (values % 1 != 0)]
    if len(wrong):
        raise UserError(f"has a voxel of {wrong[0]:g}: give labels (0, 1, ...), not probabilities")
    return [int(value) for value in values]


def _tumour_label(label: int) -> int:
    """Refuse a label that no tumour has."""
    if label < 1:
        what = "is the background" if label == 0 else "is none"
        raise UserError(f"label {label} {what}: choose the tumour's with mask_label")
    return label


def listed(labels: list[int]) -> str:
    """Labels for a message, the first eight of them."""
    shown = ", ".join(str(label) for label in labels[:8])
    return f"{shown}, ..." if len(labels) > 8 else shown
