"""Slices as pictures: which one to show, in which window, in true proportions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gfce.images.arrays import Volume
from gfce.images.store import StoredPatient

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage


def shown_slice(patient: StoredPatient) -> int:
    """The slice to show: where the tumour is largest, else the middle of the head."""
    masks = patient.masks()
    if "tumour" in masks and masks["tumour"].any():
        return int(masks["tumour"].sum(axis=(1, 2)).argmax())
    inside = np.flatnonzero(masks["foreground"].any(axis=(1, 2)))
    return int(inside[len(inside) // 2]) if len(inside) else len(masks["foreground"]) // 2


def pixel_aspect(patient: StoredPatient) -> float:
    """Height of a pixel over its width."""
    column, row, _ = patient.geometry.spacing
    return row / column


def window(volume: Volume) -> tuple[float, float]:
    """The intensities shown as black and white: all but the extreme half percent."""
    low, high = np.percentile(volume, [0.5, 99.5])
    return float(low), float(high)


def show(
    axes: Axes,
    image: NDArray[np.floating],
    limits: tuple[float, float],
    aspect: float,
    colours: str = "gray",
) -> AxesImage:
    """Show a slice (row, column) without axes."""
    bare(axes)
    return axes.imshow(image, cmap=colours, vmin=limits[0], vmax=limits[1], aspect=aspect)


def bare(axes: Axes) -> None:
    """Remove ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
