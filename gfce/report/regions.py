"""Which part of a slice a picture shows, in mm from the slice's upper left corner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gfce.images.store import StoredPatient

HEAD_MARGIN = 1.04
"""What is shown against what the head takes."""
TUMOUR_MARGIN = 1.8
SMALLEST_MM = 30.0
"""Width of the smallest enlarged part: a small tumour is seen with what is around it."""
SliceMask = NDArray[np.bool_]
"""True inside, (row, column)."""


@dataclass(frozen=True)
class Region:
    """A rectangle of a slice; it may reach beyond the slice."""

    left: float
    top: float
    width: float
    height: float

    def limits(self) -> dict[str, tuple[float, float]]:
        """The limits of axes that show it, rows from above to below."""
        return {
            "xlim": (self.left, self.left + self.width),
            "ylim": (self.top + self.height, self.top),
        }


def pixel_mm(patient: StoredPatient) -> tuple[float, float]:
    """Height and width of a patient's pixels."""
    column, row, _ = patient.geometry.spacing
    return row, column


def head_region(head: SliceMask, pixel: tuple[float, float], proportion: float) -> Region:
    """The head and little more (the whole slice, if no head is in it).

    Args:
        head: the mask of the slice.
        pixel: height and width of a pixel in mm.
        proportion: height of the region over its width.
    """
    inside = head if head.any() else np.ones_like(head)
    return _around(inside, pixel, proportion, HEAD_MARGIN, 0.0)


def tumour_region(tumour: SliceMask, pixel: tuple[float, float], proportion: float) -> Region:
    """The tumour and what is around it (arguments as of `head_region`)."""
    return _around(tumour, pixel, proportion, TUMOUR_MARGIN, SMALLEST_MM)


def _around(
    inside: SliceMask,
    pixel: tuple[float, float],
    proportion: float,
    margin: float,
    smallest: float,
) -> Region:
    rows, columns = np.nonzero(inside)
    (top, bottom), (left, right) = _reach(rows, pixel[0]), _reach(columns, pixel[1])
    width = max(margin * (right - left), margin * (bottom - top) / proportion, smallest)
    height = width * proportion
    return Region((left + right - width) / 2, (top + bottom - height) / 2, width, height)


def _reach(places: NDArray[np.intp], size: float) -> tuple[float, float]:
    """Where pixels begin and end along an axis, in mm."""
    return float(places.min() * size), float((places.max() + 1) * size)
