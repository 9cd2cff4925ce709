"""Min-Max: a volume's own range becomes [0, 1]."""

from __future__ import annotations

from gfce.images.normalizations.base import Normalization, Parameters
from gfce.images.normalizations.maps import AffineMap, Map
from gfce.images.volume_statistics import VolumeStatistics


class MinMax(Normalization):
    """x' = (x - min) / (max - min) (study eq. 1)."""

    letter = "m"
    title = "Min-Max"
    bounded = True

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """The map that takes the volume's [min, max] to [0, 1]."""
        return AffineMap(statistics.minimum, statistics.maximum - statistics.minimum)


NORMALIZATION = MinMax()
