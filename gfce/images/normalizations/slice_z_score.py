"""Z-Score of each slice by itself."""

from __future__ import annotations

import numpy as np

from gfce.images.normalizations.base import Normalization, Parameters
from gfce.images.normalizations.maps import AffineMap, Map
from gfce.images.volume_statistics import VolumeStatistics


class SliceZScore(Normalization):
    """x' = (x - mean) / sd with the slice's mean and SD: contrast between slices is lost."""

    letter = "s"
    title = "slice Z-Score"
    bounded = False

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """A map of its own for each slice; a slice of one intensity is not scaled."""
        sds = np.array(statistics.slice_sds)
        means = np.array(statistics.slice_means)
        return AffineMap(means[:, None, None], np.where(sds > 0, sds, 1.0)[:, None, None])


NORMALIZATION = SliceZScore()
