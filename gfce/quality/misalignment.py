"""How far another volume lies from T1w, whatever has been done about it.

Two measures that do not ask for the same contrast: what patches of the two say about each other,
and how far edges of T1w are from edges of the other. Neither is a distance that a volume was moved
by; they are for comparison with the institution's other patients. Thresholds: docs/quality.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gfce.images.arrays import Mask, Volume
from gfce.images.information import normalized_information
from gfce.quality.head import Head

PATCH_MM = 30.0
"""Side of a patch: it holds several tissues, and a coil's sensitivity hardly changes in it."""
MIN_VOXELS = 200
"""The fewest voxels of the head in a patch; half of its voxels are the head's at least."""
BINS = 12
"""Gray levels of a patch, each of equally many voxels."""
SMOOTHING_MM = 1.5
"""SD of the Gaussian before gradients are taken: above noise, below a layer of the scalp."""
NEIGHBOURHOOD_MM = 40.0
"""Side of the neighbourhood whose mean gradient an edge is compared with."""
STRONG, FAINT = 1.2, 1.0
"""Gradients of an edge of T1w, and of one that is near it, over the neighbourhood's mean."""
FARTHEST_MM = 10.0
"""An edge without a counterpart counts as this far."""
STEPS = ((0, 1), (1, 1), (1, 0), (1, -1))
"""Directions in a slice, (row, column), in steps of 45 degrees."""


def misalignment(head: Head) -> dict[str, dict[str, float | None]]:
    """The two measures against T1w of each other modality (None: too little to compare)."""
    of_t1w = edges(head, "t1w", STRONG)
    return {
        modality: {
            "local_information": local_information(head, modality),
            "edge_distance_mm": edge_distance_mm(head, modality, of_t1w),
        }
        for modality in head.volumes
        if modality != "t1w"
    }


def local_information(head: Head, modality: str) -> float | None:
    """Mean normalized mutual information of patches of T1w and of another modality.

    (H(A) + H(B)) / H(A, B) - 1: 0 for patches that say nothing about each other, 1 where one
    follows from the other (Studholme et al., Pattern Recognition 32:71, 1999, less 1); of patches,
    because the relation of two series changes over the field of view (Klein et al., Med. Phys.
    35:1407, 2008). Gray levels are ranks, so no monotone change of intensities matters.
    """
    t1w, other = head.volumes["t1w"], head.volumes[modality]
    found = [
        normalized_information(_joint(t1w[part][mask], other[part][mask]))
        for part, mask in _patches(head)
    ]
    defined = [value - 1 for value in found if np.isfinite(value)]
    return float(np.mean(defined)) if defined else None


def edge_distance_mm(head: Head, modality: str, of_t1w: Mask) -> float | None:
    """Mean distance from strong edges of T1w to the nearest edges of another modality, mm.

    The directed mean of Dubuisson and Jain (Proc. ICPR 1:566, 1994), slice by slice, of edges that
    are local maxima of the gradient (Canny, IEEE Trans. Pattern Anal. 8:679, 1986), relative to
    the mean gradient around: so neither a coil's sensitivity nor bright fat decides what is one.

    Args:
        head: the patient.
        modality: whose edges are looked for.
        of_t1w: the strong edges of T1w, (slice, row, column).
    """
    of_other = edges(head, modality, FAINT)
    distances = [
        np.minimum(
            ndimage.distance_transform_edt(~theirs, sampling=head.spacing_mm[1:]), FARTHEST_MM
        )[own]
        for own, theirs in zip(of_t1w, of_other, strict=True)
        if own.any() and theirs.any()
    ]
    return float(np.concatenate(distances).mean()) if distances else None


def edges(head: Head, modality: str, least: float) -> Mask:
    """Edges of a modality in and around the head, (slice, row, column)."""
    in_plane = head.spacing_mm[1:]
    sides = [SMOOTHING_MM / mm for mm in in_plane]
    smooth = ndimage.gaussian_filter(head.volumes[modality], [0.0, *sides])
    along = [np.gradient(smooth, mm, axis=axis) for axis, mm in enumerate(in_plane, start=1)]
    size = np.hypot(*along)
    around = ndimage.binary_dilation(head.mask, np.ones((1, 3, 3), dtype=bool), iterations=2)
    strong = size > least * _neighbourhood(size, around, head.spacing_mm)
    return np.asarray(around & strong & (size > 0) & _is_largest(size, along, head.spacing_mm))


def _neighbourhood(
    size: NDArray[np.float32], around: Mask, spacing_mm: tuple[float, float, float]
) -> NDArray[np.float32]:
    """The mean gradient near each voxel, within the slice and in and around the head."""
    sides = [1, *(max(1, round(NEIGHBOURHOOD_MM / mm)) for mm in spacing_mm[1:])]
    weight = ndimage.uniform_filter(around.astype(np.float32), sides, mode="constant")
    total = ndimage.uniform_filter(np.where(around, size, 0), sides, mode="constant")
    return np.asarray(total / np.maximum(weight, 1e-6))


def _is_largest(
    size: NDArray[np.float32],
    along: Sequence[NDArray[np.float32]],
    spacing_mm: tuple[float, float, float],
) -> Mask:
    """Where the gradient is not smaller than that of the two voxels that it points at."""
    rows, columns = (part / mm for part, mm in zip(along, spacing_mm[1:], strict=True))
    direction = np.round(np.arctan2(rows, columns) / (np.pi / 4)).astype(int) % len(STEPS)
    largest = np.zeros(size.shape, dtype=bool)
    for number, (row, column) in enumerate(STEPS):
        ahead = np.roll(size, (-row, -column), axis=(1, 2))
        behind = np.roll(size, (row, column), axis=(1, 2))
        largest |= (direction == number) & (size >= ahead) & (size >= behind)
    return largest


def _patches(head: Head) -> Iterator[tuple[tuple[slice, ...], Mask]]:
    """Patches that are mostly head, each with the voxels that are."""
    sides = [
        min(length, max(1, round(PATCH_MM / mm)))
        for length, mm in zip(head.mask.shape, head.spacing_mm, strict=True)
    ]
    counts = [length // side for length, side in zip(head.mask.shape, sides, strict=True)]
    for place in np.ndindex(*counts):
        part = tuple(slice(n * side, (n + 1) * side) for n, side in zip(place, sides, strict=True))
        mask = head.mask[part]
        if mask.sum() >= MIN_VOXELS and mask.mean() >= 0.5:
            yield part, mask


def _levels(values: Volume) -> NDArray[np.int64]:
    """Gray levels of equally many voxels; equal intensities are one level, (voxel,)."""
    limits = np.quantile(values, np.arange(1, BINS) / BINS)
    return np.searchsorted(limits, values, side="right")


def _joint(one: Volume, other: Volume) -> NDArray[np.intp]:
    """The joint histogram of the gray levels of two lists of intensities."""
    levels = _levels(one) * BINS + _levels(other)
    return np.bincount(levels, minlength=BINS**2).reshape(BINS, BINS)
