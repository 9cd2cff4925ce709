"""The slab that anatomy is painted on: atlas coordinates and tissue fractions of a few planes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gfce.phantom.fields import FloatArray
from gfce.phantom.measures import Mixture
from gfce.phantom.shapes import OUTSIDE_MM, Ellipsoid, Stack, Tube, coverage
from gfce.phantom.tissues import tissue_names

# Boxes are looked for on every sixth voxel, rows and columns.
_STRIDE = 6
Box = tuple[slice, slice, slice]


@dataclass
class Canvas:
    """Planes being painted: ``x``, ``y``, ``z`` (plane, row, column) are atlas coordinates in mm.

    ``fractions`` is (tissue, plane, row, column) and always sums to one over the tissues.
    ``voxel_mm`` is the in-plane voxel size and ``noise`` holds named random fields on the same
    grid; ``skin`` is the distance (mm) to the surface of the head and ``deep`` that to the inside
    of the subcutaneous fat, negative within.  Later strokes cover earlier ones.
    """

    x: FloatArray
    y: FloatArray
    z: FloatArray
    voxel_mm: float
    noise: Mapping[str, FloatArray]
    fractions: FloatArray = field(init=False)
    skin: FloatArray = field(init=False)
    deep: FloatArray = field(init=False)
    _used: set[int] = field(init=False)
    index: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        names = tissue_names()
        self.index = {name: i for i, name in enumerate(names)}
        self.fractions = np.zeros((len(names), *self.x.shape), np.float32)
        self.fractions[self.index["air"]] = 1.0
        # Tissues painted so far: the others are zero and need no covering.
        self._used = {self.index["air"]}
        self.skin = np.full(self.x.shape, -OUTSIDE_MM, np.float32)
        self.deep = np.full(self.x.shape, -OUTSIDE_MM, np.float32)

    def window(self, bounds: npt.NDArray[np.float64], side: int = 1) -> Box | None:
        """Return the index box that holds an atlas box (rows x, y, z), None where no plane cuts it.

        ``side`` -1 looks for the mirror image (x changes sign).
        """
        margin = _STRIDE * self.voxel_mm * 0.75 + 1.0
        step = np.s_[:, ::_STRIDE, ::_STRIDE]
        inside = np.ones(self.x[step].shape, bool)
        for coordinate, (low, high) in zip(
            (self.x[step] * side, self.y[step], self.z[step]), bounds, strict=True
        ):
            inside &= (coordinate > low - margin) & (coordinate < high + margin)
        if not inside.any():
            return None
        planes = np.flatnonzero(inside.any((1, 2)))
        rows, columns = np.flatnonzero(inside.any((0, 2))), np.flatnonzero(inside.any((0, 1)))
        return (
            slice(planes[0], planes[-1] + 1),
            slice(max(rows[0] - 1, 0) * _STRIDE, (rows[-1] + 1) * _STRIDE + 1),
            slice(max(columns[0] - 1, 0) * _STRIDE, (columns[-1] + 1) * _STRIDE + 1),
        )

    def at(self, box: Box, side: int = 1) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the atlas coordinates in a box, x mirrored where ``side`` is -1."""
        return self.x[box] * np.float32(side), self.y[box], self.z[box]

    def paint(
        self,
        tissue: str | Mixture,
        distance: FloatArray,
        box: Box = (slice(None), slice(None), slice(None)),
        *,
        strength: float | FloatArray = 1.0,
        softness_mm: float = 0.0,
    ) -> None:
        """Cover what lies inside a shape (``distance`` < 0) with a tissue or a mixture.

        The edge is as wide as a voxel, or ``softness_mm`` where the transition is wider.
        """
        alpha = coverage(distance, max(1.2 * self.voxel_mm, 0.8, softness_mm))
        self.blend(tissue, alpha * np.asarray(strength, np.float32), box)

    def paint_shape(
        self, tissue: str | Mixture, shape: Ellipsoid | Stack | Tube, side: int = 1
    ) -> None:
        """Cover what lies inside one shape, or its mirror image, with a tissue or a mixture."""
        box = self.window(shape.bounds, side)
        if box is not None:
            self.paint(tissue, shape.distance(*self.at(box, side)), box)

    def blend(
        self,
        tissue: str | Mixture,
        alpha: FloatArray,
        box: Box = (slice(None), slice(None), slice(None)),
    ) -> None:
        """Replace the part ``alpha`` of each voxel by a tissue or a mixture of tissues."""
        mixture = {tissue: 1.0} if isinstance(tissue, str) else tissue
        kept = 1 - alpha
        for i in self._used:
            self.fractions[(i, *box)] *= kept
        for name, part in mixture.items():
            self._used.add(self.index[name])
            self.fractions[(self.index[name], *box)] += alpha * np.float32(part)

    def replace(self, old: str, new: str, part: FloatArray) -> None:
        """Turn the part ``part`` (0 to 1) of one tissue into another, everywhere."""
        self._used.add(self.index[new])
        moved = self.fractions[self.index[old]] * part
        self.fractions[self.index[old]] -= moved
        self.fractions[self.index[new]] += moved
