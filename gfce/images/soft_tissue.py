"""Soft tissue, such as muscle and white matter: neither air, bone and fluid, nor fat."""

from __future__ import annotations

import numpy as np

from gfce.images.arrays import Mask, Volume

SOFT_TISSUE = (0.6, 1.3)
"""Range of its T1w signal, as multiples of the head's median."""


def soft_tissue(t1w: Volume, head: Mask) -> Mask:
    """Where in the head T1w has the signal of soft tissue (nowhere if T1w is no magnitude image).

    On a T1w spin echo fat is 2.5 to 3 times as bright, air, cortical bone and fluid are darker.

    Args:
        t1w: raw units, (slice, row, column).
        head: (slice, row, column), somewhere True.
    """
    median = float(np.median(t1w[head]))
    if median <= 0:
        return np.zeros_like(head)
    low, high = (factor * median for factor in SOFT_TISSUE)
    return head & (t1w > low) & (t1w < high)
