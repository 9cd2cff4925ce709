"""Intensities of one volume: quantiles, clipping, spikes, noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gfce.images.arrays import Mask, Volume

VOLUME_PERCENTILES = (1, 50, 99)
HEAD_PERCENTILES = (5, 25, 50, 75, 95)
SMALLEST_SLICE = 0.05
"""Share of a slice that is head where its mean says something."""
SPIKE = 0.6
"""Relative difference from the slices beside that anatomy alone does not make."""
CORNER = 8
"""The corners of a slice are this part of its rows and columns; ghosts of the head, which run along
rows or columns, do not reach them."""
MIN_AIR = 200
"""The fewest voxels of air that noise is estimated from."""
MAX_ZEROS = 0.1
"""The largest share of exact zeros in air whose noise was not removed."""
RAYLEIGH = 0.655
"""SD of the magnitude of complex noise over that of one channel: sqrt(2 - pi/2)."""


def quantiles(volume: Volume, head: Mask) -> dict[str, float]:
    """Percentiles of a volume (slice, row, column) and of its head, raw units."""
    of_volume = np.percentile(volume, VOLUME_PERCENTILES)
    of_head = np.percentile(volume[head], HEAD_PERCENTILES)
    return {
        "volume_min": float(volume.min()),
        **{f"volume_p{p}": float(v) for p, v in zip(VOLUME_PERCENTILES, of_volume, strict=True)},
        "volume_max": float(volume.max()),
        **{f"head_p{p}": float(v) for p, v in zip(HEAD_PERCENTILES, of_head, strict=True)},
    }


def shares(volume: Volume, head: Mask) -> dict[str, float]:
    """Shares of the head's voxels that are at the volume's exact maximum, or negative.

    One voxel is always at the maximum; an area of them was clipped. Resampling within the slice
    keeps the inside of such an area.
    """
    inside = volume[head]
    return {
        "clipped_share": float((inside == volume.max()).mean()),
        "negative_share": float((inside < 0).mean()),
    }


def spike_slices(volume: Volume, head: Mask) -> int:
    """How many slices are much brighter or darker in the head than the two on either side.

    Compared is the median in the head, with the median of those of the slices beside.
    """
    areas = head.mean(axis=(1, 2))
    levels = np.array(
        [
            np.median(plane[mask]) if area > SMALLEST_SLICE else np.nan
            for plane, mask, area in zip(volume, head, areas, strict=True)
        ]
    )
    return sum(_is_spike(levels, number) for number in range(len(levels)))


def _is_spike(levels: NDArray[np.float64], number: int) -> bool:
    beside = np.r_[levels[max(0, number - 2) : number], levels[number + 1 : number + 3]]
    beside = beside[np.isfinite(beside)]
    if len(beside) < 2 or not np.isfinite(levels[number]):
        return False
    expected = float(np.median(beside))
    return bool(abs(levels[number] - expected) > SPIKE * abs(expected))


def snr(volume: Volume, head: Mask) -> float | None:
    """Median of the head over the noise of the air (None: the air holds no noise, or is not seen).

    SNR = 0.655 S / SD(air), for the air of a magnitude image is Rayleigh distributed (Kaufman et
    al., Radiology 173:265, 1989; Dietrich et al., J. Magn. Reson. Imaging 26:375, 2007, as snr_d of
    MRIQC: Esteban et al., PLoS ONE 12:e0184661, 2017). The air is that of the slices' corners.
    """
    rows, columns = (max(1, length // CORNER) for length in volume.shape[1:])
    corners = np.zeros(volume.shape, dtype=bool)
    for row in (slice(None, rows), slice(-rows, None)):
        for column in (slice(None, columns), slice(-columns, None)):
            corners[:, row, column] = True
    air = volume[corners & ~head].astype(np.float64)
    if len(air) < MIN_AIR or float((air == 0).mean()) > MAX_ZEROS or air.std() == 0:
        return None
    return RAYLEIGH * float(np.median(volume[head])) / float(air.std())
