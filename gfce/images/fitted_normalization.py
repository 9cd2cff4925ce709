"""A cell's normalization with what was fitted on the training set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gfce.images.arrays import Volume
from gfce.images.normalizations import NORMALIZATIONS
from gfce.images.normalizations.base import Parameters
from gfce.images.normalizations.maps import Map
from gfce.images.volume_statistics import VolumeStatistics


@dataclass(frozen=True)
class FittedNormalization:
    """A normalization by its name, and what was fitted for each modality.

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
        normalization = NORMALIZATIONS[name]
        return cls(name, {modality: normalization.fit(v) for modality, v in training.items()})

    @property
    def bounded(self) -> bool:
        """Whether the normalized range is [0, 1]."""
        return NORMALIZATIONS[self.name].bounded

    def normalize(self, modality: str, volume: Volume, statistics: VolumeStatistics) -> Volume:
        """Raw to normalized units, (slice, row, column)."""
        return self._map(modality, statistics).apply(volume)

    def restore(self, modality: str, volume: Volume, statistics: VolumeStatistics) -> Volume:
        """Normalized to raw units, (slice, row, column)."""
        return self._map(modality, statistics).invert(volume)

    def to_network(self, normalized: Volume) -> Volume:
        """Normalized to network units."""
        return (2 * normalized - 1).astype(np.float32) if self.bounded else normalized

    def from_network(self, output: Volume) -> Volume:
        """Network to normalized units."""
        return ((output + 1) / 2).astype(np.float32) if self.bounded else output

    def _map(self, modality: str, statistics: VolumeStatistics) -> Map:
        return NORMALIZATIONS[self.name].map_for(statistics, self.parameters[modality])
