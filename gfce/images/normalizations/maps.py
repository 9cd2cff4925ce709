"""Maps between the raw and the normalized units of one volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gfce.images.arrays import Volume


class Map(Protocol):
    """The map of one volume (slice, row, column)."""

    def apply(self, volume: Volume) -> Volume:
        """Raw to normalized units."""
        ...

    def invert(self, volume: Volume) -> Volume:
        """Normalized to raw units."""
        ...


@dataclass(frozen=True)
class AffineMap:
    """x' = (x - shift) / scale; both may differ from slice to slice, (slice, 1, 1)."""

    shift: float | NDArray[np.float64]
    scale: float | NDArray[np.float64]

    def apply(self, volume: Volume) -> Volume:
        """Raw to normalized units."""
        return ((volume - self.shift) / self.scale).astype(np.float32)

    def invert(self, volume: Volume) -> Volume:
        """Normalized to raw units."""
        return (volume * self.scale + self.shift).astype(np.float32)


@dataclass(frozen=True)
class ClippedMap:
    """x' = (x - shift) / scale, clipped to [0, 1]: what is clipped cannot be inverted."""

    affine: AffineMap

    def apply(self, volume: Volume) -> Volume:
        """Raw to normalized units."""
        return np.clip(self.affine.apply(volume), 0, 1)

    def invert(self, volume: Volume) -> Volume:
        """Normalized to raw units, of what was not clipped."""
        return self.affine.invert(volume)


@dataclass(frozen=True)
class PiecewiseLinearMap:
    """Linear between landmarks; the first and the last segment continue beyond the ends."""

    raw: tuple[float, ...]
    normalized: tuple[float, ...]

    def apply(self, volume: Volume) -> Volume:
        """Raw to normalized units."""
        return _interpolate(volume, self.raw, self.normalized)

    def invert(self, volume: Volume) -> Volume:
        """Normalized to raw units."""
        return _interpolate(volume, self.normalized, self.raw)


def _interpolate(volume: Volume, old: tuple[float, ...], new: tuple[float, ...]) -> Volume:
    x, y = np.array(old), np.array(new)
    slopes = np.diff(y) / np.diff(x)
    segment = np.clip(np.searchsorted(x, volume, side="right") - 1, 0, len(slopes) - 1)
    return (y[segment] + (volume - x[segment]) * slopes[segment]).astype(np.float32)
