"""Whether the field of view holds the head: its share, cuts at the border, wrap-around."""

from __future__ import annotations

import numpy as np

from gfce.images.arrays import Mask, Volume

MIN_CUT = 0.05
"""Share of a border's length that the head takes up where it is cut."""
BAND = 12
"""The band of air along a border is this part of the field of view."""
MIN_AIR = 50
"""The fewest voxels of air in such a band."""
BORDERS = ((1, 0, -1), (1, -1, 0), (2, 0, -1), (2, -1, 0))
"""Axis of (slice, row, column), position of the border, and of the opposite one."""


def cuts(head: Mask) -> list[Mask]:
    """Which slices are cut at each of the `BORDERS`, (slice,)."""
    return [np.take(head, at, axis=axis).mean(axis=1) > MIN_CUT for axis, at, _ in BORDERS]


def cut_slices(head: Mask) -> float:
    """Share of the slices in which the head touches a border of the slice."""
    return float(np.any(cuts(head), axis=0).mean())


def wrap_around(volume: Volume, head: Mask) -> float | None:
    """Signal in the air opposite to a cut, above that of all air (None: no cut, or no air there).

    What lies outside the field of view is folded in at the other side. The mean of a band of air
    there, less the median of all air, as a share of the head's median; the largest of the borders.
    """
    air = ~head
    if not air.any():
        return None
    level, scale = float(np.median(volume[air])), float(np.median(volume[head]))
    signals = []
    for (axis, _, opposite), cut in zip(BORDERS, cuts(head), strict=True):
        band = _band(head.shape, axis, opposite) & air & cut[:, None, None]
        if cut.any() and band.sum() >= MIN_AIR and scale > 0:
            signals.append((float(volume[band].mean()) - level) / scale)
    return max(signals, default=None)


def _band(shape: tuple[int, ...], axis: int, border: int) -> Mask:
    """The voxels along a border."""
    width = max(1, shape[axis] // BAND)
    part = slice(None, width) if border == 0 else slice(-width, None)
    band = np.zeros(shape, dtype=bool)
    band[(slice(None),) * axis + (part,)] = True
    return band
