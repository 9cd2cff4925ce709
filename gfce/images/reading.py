"""Reading images: strictly, and in this one place.

A file is read to its end; it must be one 3D volume of finite real numbers with a known position in
the patient, and SimpleITK, which reads the voxels, must agree with gfce's reading of the header.
docs/inputs.md has the rules.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)

from gfce.errors import UserError
from gfce.images.formats import Contents, crc_of, format_of, read_layout, read_through
from gfce.images.geometry import check_forms, check_geometry
from gfce.images.layout import Layout
from gfce.images.volumes import Image

MAX_VALUE = 1e10
"""The largest magnitude of an intensity: above 32 bits, and float32 can square and add it."""


def read_image(path: Path) -> Image:
    """Read a 3D image of one of the formats in `gfce.images.formats`, all of it.

    Raises:
        UserError: the file is missing, unreadable, damaged, shorter or longer than its header
            says, not one 3D volume of finite real numbers, or does not say where it lies. The
            message begins with the file's name.
    """
    try:
        layout = read_layout(path)
        contents = read_through(layout)
        _check_values(layout, contents)
        image = _read(path)
        _check_agreement(image, layout, contents)
        check_geometry(image)
        check_forms(image, layout.forms)
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None
    return image


def _check_values(layout: Layout, contents: Contents) -> None:
    values = _values(layout, contents)
    if not all(math.isfinite(value) for value in values):
        raise UserError("has voxels that are not finite: export it again")
    largest = max(values, key=abs)
    if abs(largest) > MAX_VALUE:
        raise UserError(f"has a voxel of {largest:g}, beyond {MAX_VALUE:g}: rescale it")


def _values(layout: Layout, contents: Contents) -> list[float]:
    """The extreme intensities of a file."""
    return [stored * layout.slope + layout.inter for stored in (contents.lowest, contents.highest)]


def _read(path: Path) -> Image:
    # ITK prints warnings on standard error; errors are raised here.
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = sitk.ImageFileReader()
    reader.SetImageIO(format_of(path).reader)
    reader.SetFileName(str(path))
    try:
        return reader.Execute()
    except RuntimeError:
        raise UserError("not an image that SimpleITK can read: export it again") from None


def _check_agreement(image: Image, layout: Layout, contents: Contents) -> None:
    """Make sure that SimpleITK has read what is in the file."""
    if image.GetSize() != layout.shape or image.GetNumberOfComponentsPerPixel() != 1:
        raise UserError("is not one 3D volume of one real number per voxel: export it again")
    array = sitk.GetArrayViewFromImage(image)
    if layout.scaled:
        read, tolerance = [float(array.min()), float(array.max())], 1e-5 * np.abs(array).max()
        same = np.allclose(sorted(_values(layout, contents)), read, rtol=0, atol=tolerance)
    else:
        same = crc_of(array) == contents.crc
    if not same:
        raise UserError("SimpleITK reads other voxels than it holds: convert it to .nii.gz")
