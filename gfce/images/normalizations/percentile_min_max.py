"""Min-Max between percentiles, which a few bright voxels do not move."""

from __future__ import annotations

from gfce.images.normalizations.base import Normalization, Parameters
from gfce.images.normalizations.maps import AffineMap, ClippedMap, Map
from gfce.images.volume_statistics import VolumeStatistics


class PercentileMinMax(Normalization):
    """Min-Max between the 0.5th and the 99.5th percentile, clipped: robust to bright artefacts."""

    letter = "p"
    title = "percentile Min-Max"
    bounded = True

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """The map that takes the percentiles to 0 and 1."""
        return ClippedMap(AffineMap(statistics.low, statistics.high - statistics.low or 1.0))


NORMALIZATION = PercentileMinMax()
