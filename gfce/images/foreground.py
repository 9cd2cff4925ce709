"""The head: which voxels of a patient's volumes are not air."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)
from scipy import ndimage

from gfce.images.arrays import Geometry, Mask, Volume
from gfce.images.volumes import Image, to_array, to_image

RADIUS = 2
"""Pixels that the head is grown by and shrunk again, in plane, to close gaps."""
IN_PLANE = np.array([np.zeros((3, 3)), [[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.zeros((3, 3))])
"""The neighbours of a pixel, those of its slice with which it shares an edge."""


def foreground(t1w: Image, t2w: Image) -> Image:
    """The head, found on the two inputs alone: Otsu (1979), closed, largest part, holes filled.

    The inputs are clipped at their 99th percentile and the brighter of the two is used, because
    fluid is dark on T1w and suppressed fat on T2w. 1 inside; nothing if there is no bright part.
    """
    brightest = np.maximum(_clipped(t1w), _clipped(t2w))
    bright = sitk.OtsuThreshold(sitk.GetImageFromArray(brightest), 0, 1)
    parts = sitk.ConnectedComponent(sitk.GetImageFromArray(_closed(bright).astype(np.uint8)))
    largest = sitk.RelabelComponent(parts) == 1
    head = _filled(sitk.GetArrayViewFromImage(largest) > 0)
    return to_image(head.astype(np.uint8), Geometry.of(t1w))


def _clipped(image: Image) -> Volume:
    array = to_array(image)
    top = np.percentile(array, 99)
    return np.clip(array / top, 0, 1) if top > 0 else array


def _closed(image: Image) -> Mask:
    """Grow each slice by a disc of `RADIUS` and shrink it again; outside there is nothing."""
    margin = ((0, 0), (RADIUS, RADIUS), (RADIUS, RADIUS))
    padded = np.pad(sitk.GetArrayViewFromImage(image) > 0, margin)
    closed = ~_grown(~_grown(padded))
    return closed[:, RADIUS:-RADIUS, RADIUS:-RADIUS]


def _grown(mask: Mask) -> Mask:
    """Grow each slice by a disc of radius 2: five pixels wide, in its first and last row three."""
    three = _joined(mask, mask, 1, axis=2)
    five = _joined(three, mask, 2, axis=2)
    return _joined(_joined(five, five, 1, axis=1), three, 2, axis=1)


def _joined(mask: Mask, other: Mask, distance: int, axis: int) -> Mask:
    """A mask and another one that is shifted both ways along an axis."""
    joined = mask.copy()
    to, of = np.moveaxis(joined, axis, 0), np.moveaxis(other, axis, 0)
    to[distance:] |= of[:-distance]
    to[:-distance] |= of[distance:]
    return joined


def _filled(mask: Mask) -> Mask:
    """Fill the holes of each slice: what is outside and does not reach the slice's border."""
    parts, count = ndimage.label(~mask, IN_PLANE)
    outside = np.zeros(count + 1, dtype=bool)
    for border in (parts[:, 0], parts[:, -1], parts[:, :, 0], parts[:, :, -1]):
        outside[border] = True
    outside[0] = False  # the head itself
    return ~outside[parts]
