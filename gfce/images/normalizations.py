"""Intensity normalizations: maps between raw and normalized units.

A normalization is patient-based if its parameters come from the volume itself, as in the paper, so
that a new patient needs nothing else; or it is fitted on the training set, and what was fitted is
stored with the model. Each has `fit`, and gives for a volume a map with `apply` and `invert`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gfce.images.arrays import Volume
from gfce.images.statistics import VolumeStatistics

Parameters = list[float]
"""What was fitted for one modality (empty: nothing)."""


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
    """Linear between landmarks; beyond the ends, the first and last segments go on."""

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


class Normalization(Protocol):
    """A way to make the intensities of different scanners comparable."""

    bounded: bool
    """Whether the normalized range is [0, 1] (networks then see [-1, 1] and end in tanh)."""

    def fit(self, training: Sequence[VolumeStatistics]) -> Parameters:
        """Fit one modality on the volumes of the training set."""
        ...

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """The map between a volume's raw and normalized units."""
        ...


class _PatientBased:
    """Nothing is fitted: the parameters are the volume's own."""

    def fit(self, training: Sequence[VolumeStatistics]) -> Parameters:
        """Nothing."""
        return []


class MinMax(_PatientBased):
    """x' = (x - min) / (max - min) (study eq. 1)."""

    bounded = True

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """The map that takes the volume's [min, max] to [0, 1]."""
        return AffineMap(statistics.minimum, statistics.maximum - statistics.minimum)


class ZScore(_PatientBased):
    """x' = (x - mean) / sd (study eq. 2)."""

    bounded = False

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """The map that takes the volume's mean to 0 and its standard deviation to 1."""
        return AffineMap(statistics.mean, statistics.sd)


class PercentileMinMax(_PatientBased):
    """Min-Max between the 0.5th and the 99.5th percentile, clipped: robust to bright artefacts."""

    bounded = True

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """The map that takes the percentiles to 0 and 1."""
        return ClippedMap(AffineMap(statistics.low, statistics.high - statistics.low or 1.0))


class DatasetZScore:
    """Z-Score with one mean and SD for all: those of the training set's voxels."""

    bounded = False

    def fit(self, training: Sequence[VolumeStatistics]) -> Parameters:
        """Mean and SD over the voxels of all volumes, each volume weighing the same."""
        mean = float(np.mean([volume.mean for volume in training]))
        square = float(np.mean([volume.sd**2 + volume.mean**2 for volume in training]))
        return [mean, (square - mean**2) ** 0.5]

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """The same map for every volume."""
        mean, sd = fitted
        return AffineMap(mean, sd)


class SliceZScore(_PatientBased):
    """Z-Score of each slice by itself: contrast between slices is lost."""

    bounded = False

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """A map of its own for each slice; an empty slice stays as it is."""
        sds = np.array(statistics.slice_sds)
        means = np.array(statistics.slice_means)
        return AffineMap(means[:, None, None], np.where(sds > 0, sds, 1.0)[:, None, None])


class Nyul:
    """Histogram standardisation: landmarks of each head are taken to the training set's average.

    L. G. Nyul, J. K. Udupa, X. Zhang, IEEE Trans Med Imaging 19 (2000), with deciles. The standard
    scale is [0, 1] between the 1st and the 99th percentile; it goes on beyond them.
    """

    bounded = False

    def fit(self, training: Sequence[VolumeStatistics]) -> Parameters:
        """Mean landmarks of the training volumes, each first mapped to [0, 1] by its ends."""
        return [float(value) for value in np.mean([_standardized(v) for v in training], axis=0)]

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """The map from the volume's landmarks to the standard ones; equal landmarks are one."""
        pairs = list(zip(statistics.landmarks, fitted, strict=True))
        kept = pairs[:1]
        for raw, normalized in pairs[1:]:
            if raw > kept[-1][0] and normalized > kept[-1][1]:
                kept.append((raw, normalized))
        if len(kept) == 1:  # a head of one intensity: only its place is known
            kept.append((kept[0][0] + 1.0, kept[0][1] + 1.0))
        return PiecewiseLinearMap(tuple(raw for raw, _ in kept), tuple(n for _, n in kept))


def _standardized(volume: VolumeStatistics) -> NDArray[np.float64]:
    landmarks = np.array(volume.landmarks)
    span = landmarks[-1] - landmarks[0]
    return (landmarks - landmarks[0]) / (span if span > 0 else 1.0)


NORMALIZATIONS: Mapping[str, Normalization] = {
    "min_max": MinMax(),
    "z_score": ZScore(),
    "percentile_min_max": PercentileMinMax(),
    "dataset_z_score": DatasetZScore(),
    "slice_z_score": SliceZScore(),
    "nyul": Nyul(),
}
"""Every normalization by the name that it has in configurations and paths."""


@dataclass(frozen=True)
class FittedNormalization:
    """A cell's normalization: what it is, and what was fitted for each modality.

    Network units are normalized units, but [0, 1] becomes [-1, 1] where the range is bounded
    (study decision 3).
    """

    name: str
    parameters: Mapping[str, Parameters]

    @classmethod
    def fit(
        cls, name: str, training: Mapping[str, Sequence[VolumeStatistics]]
    ) -> FittedNormalization:
        """Fit every modality on the statistics of its training volumes."""
        chosen = NORMALIZATIONS[name]
        return cls(name, {modality: chosen.fit(list(v)) for modality, v in training.items()})

    @property
    def bounded(self) -> bool:
        """Whether the normalized range is [0, 1]."""
        return NORMALIZATIONS[self.name].bounded

    def normalize(self, modality: str, volume: Volume, statistics: VolumeStatistics) -> Volume:
        """Raw to normalized units."""
        return self._map(modality, statistics).apply(volume)

    def restore(self, modality: str, volume: Volume, statistics: VolumeStatistics) -> Volume:
        """Normalized to raw units."""
        return self._map(modality, statistics).invert(volume)

    def to_network(self, normalized: Volume) -> Volume:
        """Normalized to network units."""
        return (2 * normalized - 1).astype(np.float32) if self.bounded else normalized

    def from_network(self, output: Volume) -> Volume:
        """Network to normalized units."""
        return ((output + 1) / 2).astype(np.float32) if self.bounded else output

    def _map(self, modality: str, statistics: VolumeStatistics) -> Map:
        return NORMALIZATIONS[self.name].map_for(statistics, self.parameters[modality])
