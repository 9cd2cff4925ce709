"""A digest of voxels, and the head on a coarse grid: by these a patient's volumes are recognised.

Pure functions of arrays (slice, row, column). Following Sharma et al. (arXiv:2602.10043, 2026), who
link exams of one person by aligning heads, harmonising intensities and correlating. Their
harmonisation is replaced by local contrast normalization (Jarrett et al., ICCV 2009; Pizer et al.
1987 for the idea), which removes gain, offset, window and bias field.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gfce.images.arrays import Mask, Volume

GRID_MM = 6.0
"""Step of the coarse grid: far above a voxel, so that noise and resampling average out."""
GRID = (25, 35, 30)
"""The grid around the head's centre: 150 x 210 x 180 mm (slice, row, column)."""
LARGEST_STEP_MM = 12.0
"""The largest distance of slices that are compared: two steps of the grid."""
SMALLEST_HEAD = 500
"""Grid points of a head (about 0.1 litres) below which a likeness would be chance."""
NEIGHBOURHOOD = 1.5
"""SD of the neighbourhood whose mean and SD are removed, in grid steps (9 mm)."""

Features = NDArray[np.float32]
"""Local contrast, (modality, slice, row, column): mean square 1 in the head, 0 outside."""


@dataclass(frozen=True)
class Signature:
    """A head on the coarse grid, centred: features of each modality, and where the head is."""

    features: Features
    head: Mask


def voxel_digest(volume: Volume) -> str:
    """SHA-256 of a volume's sorted intensities without the zeros around the head.

    The same for another file format, compression or number type, for turned or mirrored axes, and
    for a field of view that was padded with zeros or cut back to the head; no two acquisitions
    share it, because of their noise.
    """
    values = np.sort(volume[volume != 0].astype("<f4"), axis=None)
    return hashlib.sha256(values.tobytes()).hexdigest()


def signature(volumes: Sequence[Volume], spacing_mm: Sequence[float]) -> Signature | None:
    """The signature of one patient's volumes, which lie on one grid; spacing (slice, row, column).

    None where there is too little to compare: slices farther apart than `LARGEST_STEP_MM`, or a
    head smaller than `SMALLEST_HEAD` grid points.
    """
    if max(spacing_mm) > LARGEST_STEP_MM:
        return None
    rough = [resample(volume, spacing_mm, *_whole(volume.shape, spacing_mm)) for volume in volumes]
    middle, count = _whole(volumes[0].shape, spacing_mm)
    centroid = np.asarray(ndimage.center_of_mass(find_head(rough)))
    offset_mm = (centroid - (np.asarray(count) - 1) / 2) * GRID_MM
    centre = tuple(np.asarray(middle) + offset_mm / np.asarray(spacing_mm))
    coarse = [resample(volume, spacing_mm, centre, GRID) for volume in volumes]
    head = find_head(coarse)
    if head.sum() < SMALLEST_HEAD:
        return None
    return Signature(np.stack([local_contrast(volume, head) for volume in coarse]), head)


def _whole(
    shape: Sequence[int], spacing_mm: Sequence[float]
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Centre (voxels) and number of grid points of a grid over the whole volume."""
    middle = tuple((length - 1) / 2 for length in shape)
    extent = zip(shape, spacing_mm, strict=True)
    return middle, tuple(int(np.ceil(length * step / GRID_MM)) for length, step in extent)


def resample(
    volume: Volume, spacing_mm: Sequence[float], centre: Sequence[float], count: Sequence[int]
) -> Volume:
    """A volume on `count` points, `GRID_MM` apart, around `centre` (voxels); 0 outside.

    Each point is the mean of its surroundings with triangular weights: linear interpolation that
    is widened to the coarse step, axis by axis, so that nothing aliases.
    """
    for axis in range(3):
        step = GRID_MM / spacing_mm[axis]
        positions = (np.arange(count[axis]) - (count[axis] - 1) / 2) * step + centre[axis]
        width = max(step, 1.0)
        distance = np.abs(np.arange(volume.shape[axis]) - positions[:, None])
        weights = (np.maximum(0, 1 - distance / width) / width).astype(np.float32)
        volume = np.moveaxis(np.tensordot(weights, volume, (1, axis)), 0, axis)
    return volume


def find_head(volumes: Sequence[Volume]) -> Mask:
    """The head: what is above 15 % of the way from the 2nd to the 99th percentile in any modality.

    Closed, the largest part, its holes filled. Otsu's threshold fails here in one of ten simulated
    patients: a bright rim near a coil, or fluid on a fat-suppressed T2w, becomes the head.
    """
    bright = np.zeros(volumes[0].shape, dtype=bool)
    for volume in volumes:
        low, high = np.percentile(volume, (2, 99))
        bright |= volume > low + 0.15 * (high - low)
    closed = ndimage.binary_closing(np.pad(bright, 2), iterations=2)[2:-2, 2:-2, 2:-2] | bright
    parts, count = ndimage.label(closed)
    if count > 1:
        closed = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
    return np.stack([ndimage.binary_fill_holes(slice_) for slice_ in closed])


def local_contrast(volume: Volume, head: Mask) -> NDArray[np.float32]:
    """How each point of the head differs from its neighbourhood, in SDs of the neighbourhood."""
    inside = head.astype(np.float32)
    weight = ndimage.gaussian_filter(inside, NEIGHBOURHOOD) + 1e-6
    mean = ndimage.gaussian_filter(volume * inside, NEIGHBOURHOOD) / weight
    difference = (volume - mean) * inside
    sd = np.sqrt(ndimage.gaussian_filter(difference**2, NEIGHBOURHOOD) / weight)
    # A tenth of the head's own contrast, so that noise in flat tissue is not blown up.
    floor = 0.1 * np.sqrt((difference**2).sum() / inside.sum())
    contrast = np.clip(difference / (sd + floor + 1e-12) * inside, -3, 3)
    size = np.sqrt((contrast**2).sum() / inside.sum())
    return (contrast / (size + 1e-12)).astype(np.float32)
