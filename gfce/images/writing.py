"""Writing images: complete, and with voxels and geometry alone."""

from __future__ import annotations

import errno
from pathlib import Path

import SimpleITK as sitk  # noqa: N813 (the library's own convention)

from gfce.errors import UserError
from gfce.files import atomic_write
from gfce.images.formats import crc_of, read_layout, read_through
from gfce.images.layout import extension
from gfce.images.volumes import Image

SINGLE_FILES = (".nii", ".nii.gz", ".mha", ".nrrd")
"""Formats that are written: header and voxels in one file."""


def write_image(image: Image, path: Path) -> None:
    """Write an image, compressed where its format can be; the format is that of the file's name.

    Text that came with the image (its header's notes, NRRD's key/value pairs) is left out, because
    it may name the patient. The file is read again: SimpleITK does not notice a full disk.

    Raises:
        ValueError: the format is not of one file.
        OSError: the file could not be written whole; what was at `path` is kept.
    """
    if extension(path) not in SINGLE_FILES:
        raise ValueError(f"{path.name}: images are written as {', '.join(SINGLE_FILES)}")
    clean = _without_text(image)
    voxels = sitk.GetArrayViewFromImage(clean)
    with atomic_write(path) as temporary:
        try:
            sitk.WriteImage(clean, str(temporary), useCompression=True)
            whole = read_through(read_layout(temporary)).crc == crc_of(voxels)
        except (RuntimeError, UserError):
            whole = False
        if not whole:
            raise OSError(errno.EIO, "could not be written whole: is the disk full?", str(path))


def _without_text(image: Image) -> Image:
    clean = sitk.Image(image)
    for key in clean.GetMetaDataKeys():
        clean.EraseMetaData(key)
    return clean
