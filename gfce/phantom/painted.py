"""Slices of an anatomy as they are before any sequence is known: tissues, tumour, metal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gfce.phantom.anatomy import Anatomy
from gfce.phantom.fields import FloatArray
from gfce.phantom.reception import filling_artefact

# Planes are painted in runs of about this many voxels: cache-sized, yet few calls.
_CHUNK_VOXELS = 240_000


@dataclass(frozen=True)
class Grid:
    """Sampling of one examination: acquired coordinates (mm) and reconstructed matrix."""

    z: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    x: npt.NDArray[np.float64]
    acquired_mm: float
    rows: int
    columns: int
    voxel_mm: tuple[float, float]
    thickness_mm: float
    spacing_mm: float


@dataclass(frozen=True)
class Painted:
    """Some slices of an anatomy, averaged over the planes through each.

    ``numbers`` are the slices' in the grid, ``fractions`` (tissue, slice, row, column) those of
    the tissues on the acquired grid, ``index`` the tissues' places in them, ``tumour`` (slice, row,
    column) the tumour's fraction and ``metal`` the factor on signal near fillings of each slice,
    (row, column), None where there is none.
    """

    numbers: range
    fractions: FloatArray
    index: dict[str, int]
    tumour: FloatArray
    metal: tuple[FloatArray | None, ...]


def chunks(grid: Grid) -> list[range]:
    """Split the slices into runs that fit the processor's cache, yet keep few calls."""
    size = max(_CHUNK_VOXELS // (_planes_per_slice(grid) * len(grid.y) * len(grid.x)), 1)
    return [range(i, min(i + size, len(grid.z))) for i in range(0, len(grid.z), size)]


def _planes_per_slice(grid: Grid) -> int:
    """How many planes are averaged through a slice: about one every 2 mm."""
    return 3 if grid.thickness_mm > 4.2 else 2


def paint(anatomy: Anatomy, grid: Grid, numbers: range) -> Painted:
    """Paint some slices of an anatomy: most of the time that a simulated patient takes."""
    count = _planes_per_slice(grid)
    depth = ((np.arange(count) + 0.5) / count - 0.5) * grid.thickness_mm
    levels = (grid.z[numbers.start : numbers.stop, None] + depth).ravel()
    canvas, tumour = anatomy.paint(levels, grid.y, grid.x, grid.acquired_mm)
    shape = (len(numbers), count, len(grid.y), len(grid.x))
    fractions = canvas.fractions.reshape(-1, *shape).mean(axis=2)
    fractions /= fractions.sum(axis=0)
    middle = [i * count + count // 2 for i in range(len(numbers))]
    metal = tuple(filling_artefact(canvas, anatomy.habitus, plane) for plane in middle)
    return Painted(numbers, fractions, canvas.index, tumour.reshape(shape).mean(axis=1), metal)
