"""Images of SimpleITK: their arrays, geometry, resampling and head.

It turns images of SimpleITK into the arrays of `gfce.images.arrays` and back.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)
from numpy.typing import NDArray

from gfce.images.arrays import Geometry, Volume

Image: TypeAlias = sitk.Image
"""Voxels with their position in the patient."""


def to_image(array: NDArray[np.generic], geometry: Geometry) -> Image:
    """An image of an array (slice, row, column) with a geometry."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    return image


def to_array(image: Image) -> Volume:
    """The intensities of an image, float32 (slice, row, column)."""
    return sitk.GetArrayFromImage(image).astype(np.float32, copy=False)


def same_geometry(first: Image, second: Image, tolerance_mm: float = 0.01) -> bool:
    """Whether two images have equally many voxels in the same positions."""
    if first.GetSize() != second.GetSize():
        return False
    return all(
        np.allclose(
            first.TransformIndexToPhysicalPoint(corner),
            second.TransformIndexToPhysicalPoint(corner),
            atol=tolerance_mm,
        )
        for corner in corners(first)
    )


def corners(image: Image) -> list[tuple[int, ...]]:
    """The first voxel of an image and the last on each axis: they determine all others."""
    last = [length - 1 for length in image.GetSize()]
    return [(0, 0, 0), (last[0], 0, 0), (0, last[1], 0), (0, 0, last[2])]


def orient(image: Image) -> Image:
    """Reorder and flip the axes so that arrays are axial and LPS; no voxel is interpolated."""
    return sitk.DICOMOrient(image, "LPS")


def resample_in_plane(image: Image, matrix: tuple[int, int], *, labels: bool = False) -> Image:
    """Resample each slice to `matrix` (rows, columns) over the same field of view.

    Bilinear, as in the study (study point 1); nearest neighbour for label images. Slices stay
    where they are.
    """
    return resample(image, (matrix[1], matrix[0], None), labels=labels)


def resample(image: Image, size: tuple[int | None, ...], *, labels: bool = False) -> Image:
    """Resample a volume over the same field of view, to `size` voxels along x, y and z.

    Linear; nearest neighbour for label images. None leaves the voxels along an axis as they are.
    """
    original = image.GetSpacing()
    axes = list(zip(original, image.GetSize(), size, strict=True))
    spacing = [mm if new is None else mm * old / new for mm, old, new in axes]
    # The field of view is kept, so the first voxel's centre moves by half the change in size.
    shift = [(new - old) / (2 * old) for new, old in zip(spacing, original, strict=True)]
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize([new or old for _, old, new in axes])
    resampler.SetOutputSpacing(spacing)
    resampler.SetOutputDirection(image.GetDirection())
    resampler.SetOutputOrigin(image.TransformContinuousIndexToPhysicalPoint(shift))
    resampler.SetInterpolator(sitk.sitkNearestNeighbor if labels else sitk.sitkLinear)
    resampler.SetUseNearestNeighborExtrapolator(True)
    if not labels:
        image = sitk.Cast(image, sitk.sitkFloat32)
    return resampler.Execute(image)


def foreground(t1w: Image, t2w: Image) -> Image:
    """The head, found on the two inputs alone: Otsu (1979), closed, largest part, holes filled.

    The inputs are clipped at their 99th percentile and the brighter of the two is used, because
    fluid is dark on T1w and suppressed fat on T2w.
    """
    brightest = np.maximum(_clipped(t1w), _clipped(t2w))
    image = to_image(brightest, Geometry.of(t1w))
    mask = sitk.OtsuThreshold(image, 0, 1)
    mask = sitk.BinaryMorphologicalClosing(mask, [2, 2, 0])
    mask = sitk.RelabelComponent(sitk.ConnectedComponent(mask), sortByObjectSize=True) == 1
    for number in range(mask.GetSize()[2]):
        mask[:, :, number] = sitk.BinaryFillhole(mask[:, :, number])
    return mask


def _clipped(image: Image) -> Volume:
    array = to_array(image)
    top = np.percentile(array, 99)
    return np.clip(array / top, 0, 1) if top > 0 else array
