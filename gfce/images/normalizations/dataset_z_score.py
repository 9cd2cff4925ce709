"""Z-Score with one mean and standard deviation for all volumes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gfce.images.normalizations.base import Normalization, Parameters
from gfce.images.normalizations.maps import AffineMap, Map
from gfce.images.volume_statistics import VolumeStatistics


class DatasetZScore(Normalization):
    """x' = (x - mean) / sd, with the mean and SD of the training set's voxels."""

    letter = "d"
    title = "dataset Z-Score"
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


NORMALIZATION = DatasetZScore()
