"""Images of SimpleITK: their arrays, geometry and resampling.

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
    """Reorder and flip the axes so that arrays are axial and LPS; no voxel is interpolated.

    The same as SimpleITK's DICOMOrient, which is slower, to the bit; a cosine of -0 becomes 0.
    """
    towards = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(image.GetDirection())
    axes = [next(axis for axis in range(3) if towards[axis] in pair) for pair in ("LR", "PA", "SI")]
    flipped = [towards[axis] in "RAI" for axis in axes]
    # Arrays have the axes of images the other way round.
    array = sitk.GetArrayViewFromImage(image).transpose([2 - axis for axis in reversed(axes)])
    array = array[tuple(slice(None, None, -1 if flip else 1) for flip in reversed(flipped))]
    return to_image(np.ascontiguousarray(array), _oriented(image, axes, flipped))


def _oriented(image: Image, axes: list[int], flipped: list[bool]) -> Geometry:
    """The geometry of an image whose axes are reordered, and then flipped."""
    voxel = sitk.Image([1, 1, 1], sitk.sitkUInt8)
    voxel.SetSpacing(image.GetSpacing())
    voxel.SetOrigin(image.GetOrigin())
    voxel.SetDirection(image.GetDirection())
    reordered = sitk.PermuteAxes(voxel, axes)
    lengths = [image.GetSize()[axis] for axis in axes]
    first = [n - 1 if flip else 0 for n, flip in zip(lengths, flipped, strict=True)]
    origin = reordered.TransformIndexToPhysicalPoint(first)
    return Geometry(reordered.GetSpacing(), origin, sitk.DICOMOrient(voxel, "LPS").GetDirection())


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
