"""What every image is here: an array (slice, row, column) and its geometry.

Slices run from inferior to superior, rows from anterior to posterior and columns from the patient's
right to left (LPS), whatever the order of the file was. No imaging library is needed for these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Volume = NDArray[np.float32]
"""Intensities, (slice, row, column)."""
Mask = NDArray[np.bool_]
"""True inside, (slice, row, column)."""


@dataclass(frozen=True)
class Geometry:
    """Where a volume's voxels lie in the patient (mm, LPS; x, y, z order as in SimpleITK)."""

    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

    @classmethod
    def of(cls, image: Any) -> Geometry:
        """The geometry of a SimpleITK image."""
        return cls(image.GetSpacing(), image.GetOrigin(), image.GetDirection())
