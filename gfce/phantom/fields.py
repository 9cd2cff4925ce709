"""Smooth random fields in patient coordinates, cheap to sample on axis-aligned grids.

A field is a cubic B-spline over a lattice of random numbers.  It is a function of position in
millimetres, so a coarse and a fine sampling of one patient see the same values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Real arrays: single precision wherever there is one value a voxel.
FloatArray = npt.NDArray[np.floating[Any]]

# The volume that every field covers (mm): more than any field of view and slab used here.
LOWER_MM = (-80.0, -130.0, -130.0)
UPPER_MM = (80.0, 130.0, 130.0)

# Standard deviation of a cubic B-spline of unit white noise, averaged over position, per axis:
# sqrt(integral of the squared basis) = sqrt(151/315).
_SPLINE_SD = float(np.sqrt(151.0 / 315.0))


def bspline_weights(position: npt.NDArray[np.float64], count: int) -> FloatArray:
    """Return the (sample, knot) matrix of uniform cubic B-spline weights.

    ``position`` is in knot units; samples outside the lattice are clamped to it.
    Source: de Boor, A Practical Guide to Splines (1978), uniform cubic basis.
    """
    position = np.clip(position, 1.0, count - 2.001)
    first = np.floor(position).astype(np.intp)
    t = position - first
    basis = np.stack(
        [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1
    )
    weights: FloatArray = np.zeros((position.size, count), np.float32)
    np.put_along_axis(weights, first[:, None] + np.arange(-1, 3), basis / 6.0, axis=1)
    return weights


@dataclass(frozen=True)
class SmoothField:
    """A zero-mean, unit-variance smooth random field; ``lattice`` is (slice, row, column)."""

    lattice: FloatArray
    spacing_mm: tuple[float, float, float]

    @classmethod
    def random(
        cls, rng: np.random.Generator, spacing_mm: float | tuple[float, float, float]
    ) -> SmoothField:
        """Draw a field whose details are about ``spacing_mm`` (slice, row, column) wide."""
        spacing = (spacing_mm,) * 3 if isinstance(spacing_mm, int | float) else spacing_mm
        extent = np.subtract(UPPER_MM, LOWER_MM)
        shape = tuple(int(np.ceil(e / s)) + 4 for e, s in zip(extent, spacing, strict=True))
        lattice = rng.standard_normal(shape, dtype=np.float32) / np.float32(_SPLINE_SD**3)
        return cls(lattice, spacing)

    def sample(self, z: npt.ArrayLike, y: npt.ArrayLike, x: npt.ArrayLike) -> FloatArray:
        """Return the field, (slice, row, column), at the grid of three 1D coordinates in mm."""
        wz, wy, wx = (
            bspline_weights((np.asarray(c, float) - low) / step + 1.0, count)
            for c, low, step, count in zip(
                (z, y, x), LOWER_MM, self.spacing_mm, self.lattice.shape, strict=True
            )
        )
        used = np.flatnonzero(wz.any(axis=0))
        near = slice(used[0], used[-1] + 1)
        planes = np.tensordot(wz[:, near], self.lattice[near], axes=1)
        rows: FloatArray = np.matmul(wy, planes)
        return np.asarray(np.matmul(rows, wx.T), np.float32)
