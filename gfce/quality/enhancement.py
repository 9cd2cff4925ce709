"""What CE shows that T1w does not."""

from __future__ import annotations

import numpy as np
from scipy.stats import siegelslopes

from gfce.images.arrays import Mask, Volume

MAX_VOXELS = 1500
"""Voxels of the head, evenly drawn, that the line is fitted to: time grows with their square."""
COPY_SPREAD = 0.05
"""Spread of the difference below which CE is T1w with other gray levels."""


def enhancement(t1w: Volume, ce: Volume, head: Mask) -> dict[str, float | None]:
    """The 99th percentile and the spread of CE less its line on T1w, in the head.

    The line is one of repeated medians (Siegel, Biometrika 69:242, 1982), which half of the voxels
    may miss: enhancing tissue, and fat that is suppressed in one of the two. The percentile is a
    share of CE's median, the spread (MAD) one of that of CE.

    Args:
        t1w: raw units, (slice, row, column).
        ce: raw units, (slice, row, column).
        head: (slice, row, column).
    """
    before, after = t1w[head].astype(np.float64), ce[head].astype(np.float64)
    median, spread = float(np.median(after)), _mad(after)
    if median <= 0 or spread == 0 or before.min() == before.max():
        return {"enhancement_p99": None, "enhancement_spread": None}
    step = -(-len(before) // MAX_VOXELS)
    slope, intercept = siegelslopes(after[::step], before[::step])
    difference = after - (intercept + slope * before)
    return {
        "enhancement_p99": float(np.percentile(difference, 99)) / median,
        "enhancement_spread": _mad(difference) / spread,
    }


def _mad(values: np.ndarray) -> float:
    return float(np.median(np.abs(values - np.median(values))))
