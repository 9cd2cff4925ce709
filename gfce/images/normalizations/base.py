"""What every normalization declares and does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from gfce.images.normalizations.maps import Map
from gfce.images.volume_statistics import VolumeStatistics

Parameters = list[float]
"""What was fitted for one modality (empty: nothing)."""


class Normalization(ABC):
    """A way to make the intensities of different scanners comparable.

    A normalization is patient-based if its map follows from the volume itself, as in the paper, so
    that a new patient needs nothing else. It then leaves `fit` as it is. Otherwise `fit` takes
    parameters of the training set, which are stored with the model.
    """

    letter: ClassVar[str]
    """Its letter in a model's label, lower case (Table I: Uni-m1, Tri-Z); no other one has it."""
    title: ClassVar[str]
    """Its name in tables, figures and text."""
    bounded: ClassVar[bool]
    """Whether the normalized range is [0, 1] (networks then see [-1, 1] and end in tanh)."""

    def fit(self, training: Sequence[VolumeStatistics]) -> Parameters:
        """Fit one modality on the volumes of the training set (by default: nothing)."""
        return []

    @abstractmethod
    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """The map between a volume's raw and normalized units."""
