"""The statistics of a volume, from which normalizations make their maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfce.images.arrays import Mask, Volume

PERCENTILES = (0.5, 99.5)
"""The range of the percentile Min-Max."""
LANDMARKS = (1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99)
"""Percentiles in the head that histogram standardisation aligns (Nyul 2000: deciles and ends)."""


@dataclass(frozen=True)
class VolumeStatistics:
    """Statistics of one volume, in raw units.

    Mean and SD of each slice are (slice,); the landmarks are the `LANDMARKS` percentiles of the
    head, whatever the region of the other statistics, because the air around it has no anatomy.
    """

    minimum: float
    maximum: float
    mean: float
    sd: float
    low: float
    high: float
    landmarks: tuple[float, ...]
    slice_means: tuple[float, ...]
    slice_sds: tuple[float, ...]

    @classmethod
    def of(cls, volume: Volume, head: Mask, region: Mask | None = None) -> VolumeStatistics:
        """Statistics of a volume (slice, row, column), or of a region of it (study decision 2)."""
        inside = np.ones(volume.shape, dtype=bool) if region is None else region
        values = volume[inside].astype(np.float64)
        low, high = np.percentile(values, PERCENTILES)
        slices = [part[mask].astype(np.float64) for part, mask in zip(volume, inside, strict=True)]
        return cls(
            float(values.min()),
            float(values.max()),
            float(values.mean()),
            float(values.std()),
            float(low),
            float(high),
            tuple(np.percentile(volume[head].astype(np.float64), LANDMARKS).tolist()),
            # A slice may lie outside the region.
            tuple(float(part.mean()) if part.size else 0.0 for part in slices),
            tuple(float(part.std()) if part.size else 0.0 for part in slices),
        )
