"""Histogram standardisation.

Source: L. G. Nyul, J. K. Udupa, X. Zhang, IEEE Trans Med Imaging 19 (2000), with deciles.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gfce.images.normalizations.base import Normalization, Parameters
from gfce.images.normalizations.maps import Map, PiecewiseLinearMap
from gfce.images.volume_statistics import VolumeStatistics


class Nyul(Normalization):
    """Landmarks of each head are taken to their average over the training set.

    The standard scale is [0, 1] between the 1st and the 99th percentile; it continues beyond them.
    """

    letter = "n"
    title = "Nyul"
    bounded = False

    def fit(self, training: Sequence[VolumeStatistics]) -> Parameters:
        """Mean landmarks of the training volumes, each first mapped to [0, 1] by its ends."""
        return [float(value) for value in np.mean([_standardized(v) for v in training], axis=0)]

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        """The map from the volume's landmarks to the standard ones.

        Landmarks that are not above the one before them are left out.
        """
        pairs = list(zip(statistics.landmarks, fitted, strict=True))
        kept = pairs[:1]
        for raw, normalized in pairs[1:]:
            if raw > kept[-1][0] and normalized > kept[-1][1]:
                kept.append((raw, normalized))
        if len(kept) == 1:  # a head of one intensity: only the offset is known
            kept.append((kept[0][0] + 1.0, kept[0][1] + 1.0))
        return PiecewiseLinearMap(tuple(raw for raw, _ in kept), tuple(n for _, n in kept))


def _standardized(volume: VolumeStatistics) -> NDArray[np.float64]:
    landmarks = np.array(volume.landmarks)
    span = landmarks[-1] - landmarks[0]
    return (landmarks - landmarks[0]) / (span if span > 0 else 1.0)


NORMALIZATION = Nyul()
