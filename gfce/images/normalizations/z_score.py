"""Z-Score: a volume's mean becomes 0 and its standard deviation 1."""

from __future__ import annotations

from gfce.images.normalizations.base import Normalization, Parameters
from gfce.images.normalizations.maps import AffineMap, Map
from gfce.images.volume_statistics import VolumeStatistics


class ZScore(Normalization):
    """x' = (x - mean) / sd (study eq. 2)."""

    letter = "z"
    title = "Z-Score"
    bounded = False

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """The map that takes the volume's mean to 0 and its standard deviation to 1."""
        return AffineMap(statistics.mean, statistics.sd)


NORMALIZATION = ZScore()
