"""Small image files, whole or broken in a way that one argument says."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from nibabel.nifti1 import Nifti1Header

from gfce.images.arrays import Geometry
from gfce.images.volumes import to_image

GEOMETRY = Geometry((2.0, 1.5, 4.0), (-10.0, -20.0, 30.0))
VOXELS = np.arange(2 * 4 * 3, dtype=np.int16).reshape(2, 4, 3)
"""(slice, row, column)."""
HEADER = 352
"""Bytes before the voxels of a .nii."""


def whole(path: Path, array: np.ndarray = VOXELS, *, compressed: bool = True) -> Path:
    """An image file as SimpleITK writes it, in the format of its name."""
    sitk.WriteImage(to_image(array, GEOMETRY), str(path), useCompression=compressed)
    return path


def content(array: np.ndarray = VOXELS, **fields: Any) -> bytes:
    """The bytes of a .nii, some fields of whose header are others."""
    header = Nifti1Header()
    header.set_data_dtype(array.dtype)
    header.set_data_shape(array.shape[::-1])
    affine = np.diag([-2.0, -1.5, 4.0, 1.0])
    affine[:3, 3] = (10, 20, 30)
    header.set_qform(affine, code=1)
    header.set_sform(affine, code=1)
    header["vox_offset"], header["scl_slope"], header["scl_inter"] = HEADER, 1, 0
    header["magic"], header["xyzt_units"] = b"n+1", 10
    for name, value in fields.items():
        header[name] = value
    return bytes(header.binaryblock) + bytes(4) + array.tobytes()


def nifti(path: Path, array: np.ndarray = VOXELS, **fields: Any) -> Path:
    """A .nii or .nii.gz some fields of whose header are others."""
    data = content(array, **fields)
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix.lower() == ".gz" else data)
    return path


def without_end(path: Path, count: int) -> Path:
    """A file without its last bytes."""
    path.write_bytes(path.read_bytes()[:-count])
    return path


def with_end(path: Path, more: bytes = b"\0") -> Path:
    """A file with bytes behind its end."""
    path.write_bytes(path.read_bytes() + more)
    return path


def replaced(path: Path, old: bytes, new: bytes) -> Path:
    """A file with other words in its header."""
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    return path
