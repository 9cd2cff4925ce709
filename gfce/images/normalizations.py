"""Intensity normalizations: maps between raw and normalized units.

Patient-based normalizations (the paper's) take their parameters from the patient's own volume of
the same modality, so a new patient needs nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gfce.images.arrays import Mask, Volume


@dataclass(frozen=True)
class VolumeStatistics:
    """What a normalization may know of a volume, in raw units."""

    minimum: float
    maximum: float
    mean: float
    sd: float

    @classmethod
    def of(cls, volume: Volume, region: Mask | None = None) -> VolumeStatistics:
        """Statistics of a volume (slice, row, column), or of a region of it (study decision 2)."""
        values = np.asarray(volume if region is None else volume[region], dtype=np.float64)
        return cls(
            float(values.min()), float(values.max()), float(values.mean()), float(values.std())
        )


@dataclass(frozen=True)
class AffineMap:
    """x' = (x - shift) / scale."""

    shift: float
    scale: float

    def apply(self, volume: Volume) -> Volume:
        """Raw to normalized units."""
        return ((volume - self.shift) / self.scale).astype(np.float32)

    def invert(self, volume: Volume) -> Volume:
        """Normalized to raw units."""
        return (volume * self.scale + self.shift).astype(np.float32)


class Normalization(Protocol):
    """A way to make the intensities of different scanners comparable."""

    bounded: bool
    """Whether the normalized range is [0, 1] (networks then see [-1, 1] and end in tanh)."""

    def map_for(self, statistics: VolumeStatistics) -> AffineMap:
        """The map between a volume's raw and normalized units."""
        ...


class MinMax:
    """x' = (x - min) / (max - min) (study eq. 1)."""

    bounded = True

    def map_for(self, statistics: VolumeStatistics) -> AffineMap:
        """The map that takes the volume's [min, max] to [0, 1]."""
        return AffineMap(statistics.minimum, statistics.maximum - statistics.minimum)


class ZScore:
    """x' = (x - mean) / sd (study eq. 2)."""

    bounded = False

    def map_for(self, statistics: VolumeStatistics) -> AffineMap:
        """The map that takes the volume's mean to 0 and its standard deviation to 1."""
        return AffineMap(statistics.mean, statistics.sd)


NORMALIZATIONS: Mapping[str, Normalization] = {"min_max": MinMax(), "z_score": ZScore()}
"""Every normalization by the name that it has in configurations and paths."""


def to_network(normalized: Volume, normalization: Normalization) -> Volume:
    """Normalized to network units: [0, 1] becomes [-1, 1] where bounded (study decision 3)."""
    return (2 * normalized - 1).astype(np.float32) if normalization.bounded else normalized


def from_network(output: Volume, normalization: Normalization) -> Volume:
    """Network to normalized units."""
    return ((output + 1) / 2).astype(np.float32) if normalization.bounded else output
