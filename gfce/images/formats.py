"""The formats of images that are read, and reading a file of them to its end.

SimpleITK fills up with zeros what a file lacks, so a file is first read here: its length must be
the one that its header says, and the checksums of compressed data must be right. That is why only
formats are read whose headers are understood here.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from gfce.errors import UserError
from gfce.images.layout import Layout, check_regular, decompressing, extension
from gfce.images.nifti import nifti_layout
from gfce.images.text_headers import metaimage_layout, nrrd_layout

MAX_BYTES = 2 * 2**30
"""The most that the voxels of one volume may take in memory: 2 GiB."""
CHUNK = 2**22
"""Bytes that are decompressed at a time, a multiple of every type's size."""


@dataclass(frozen=True)
class Format:
    """SimpleITK's name of its reader of a format, and gfce's function that reads the header."""

    reader: str
    layout: Callable[[Path], Layout]


_NIFTI = Format("NiftiImageIO", nifti_layout)
_META = Format("MetaImageIO", metaimage_layout)
_NRRD = Format("NrrdImageIO", nrrd_layout)
FORMATS = {
    **dict.fromkeys((".nii", ".nii.gz", ".hdr", ".img"), _NIFTI),
    **dict.fromkeys((".mha", ".mhd"), _META),
    **dict.fromkeys((".nrrd", ".nhdr"), _NRRD),
}
"""Every format that is read, by extension."""


@dataclass(frozen=True)
class Contents:
    """The extremes of the numbers that a file's voxels hold, and their CRC-32.

    The extremes are NaN if a voxel is; the CRC is of the native byte order, as in memory.
    """

    lowest: float
    highest: float
    crc: int


def format_of(path: Path) -> Format:
    """The format of a file by its name.

    Raises:
        UserError: the format is not one of `FORMATS`.
    """
    try:
        return FORMATS[extension(path)]
    except KeyError:
        known = " ".join(FORMATS)
        raise UserError(f"not an image of a format that is read ({known}): convert it") from None


def read_layout(path: Path) -> Layout:
    """Read the header of an image file, and no voxel.

    Raises:
        UserError: the file is no regular file of a known format, its header is not that of one 3D
            volume of real numbers, or the voxels would be too many. The message lacks the name.
    """
    image_format = format_of(path)
    check_regular(path)
    try:
        layout = image_format.layout(path)
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror}): correct that") from None
    if layout.n_bytes > MAX_BYTES:
        size = " x ".join(str(length) for length in layout.shape)
        raise UserError(f"has {size} voxels, more than 2 GiB: crop it")
    return layout


def read_through(layout: Layout) -> Contents:
    """Read all voxels of a file, in little memory, and make sure that nothing follows.

    Raises:
        UserError: the file is shorter or longer than its header says, or damaged. The message
            lacks the name.
    """
    lowest, highest, crc = math.inf, -math.inf, 0
    with _stream(layout) as stream:
        _exactly(stream, layout.skip)
        remaining = layout.n_bytes
        while remaining:
            voxels = np.frombuffer(_exactly(stream, min(remaining, CHUNK)), layout.dtype)
            remaining -= voxels.nbytes
            # np.minimum, unlike min, passes NaN on.
            lowest = float(np.minimum(lowest, voxels.min()))
            highest = float(np.maximum(highest, voxels.max()))
            crc = crc_of(voxels.astype(layout.dtype.newbyteorder("="), copy=False), crc)
        if stream.read(1):
            raise UserError("is longer than its header says: copy or export it again")
    return Contents(lowest, highest, crc)


def crc_of(array: NDArray[np.generic], crc: int = 0) -> int:
    """The CRC-32 of an array as it lies in memory, going on from that of what came before it."""
    return zlib.crc32(np.ascontiguousarray(array).data, crc)


class _Readable(Protocol):
    def read(self, size: int) -> bytes: ...


def _exactly(stream: _Readable, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise UserError("is cut short: copy or export it again")
    return content


@contextmanager
def _stream(layout: Layout) -> Iterator[_Readable]:
    try:
        with layout.data.open("rb") as file, decompressing():
            file.seek(layout.start)
            if layout.compression == "gzip":
                with gzip.GzipFile(fileobj=file) as stream:
                    yield stream
            else:
                yield _Inflated(file) if layout.compression == "zlib" else file
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror}): correct that") from None


class _Inflated:
    """A stream of zlib data (MetaImage's compression), decompressed no further than asked for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflater = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        """`size` bytes, or fewer at the end of the data, whose checksum is then verified.

        Raises:
            EOFError: the data end before they are complete.
        """
        parts = b""
        while len(parts) < size and not self._inflater.eof:
            packed = self._inflater.unconsumed_tail or self._file.read(CHUNK)
            part = self._inflater.decompress(packed, size - len(parts))
            if not packed and not part:
                raise EOFError
            parts += part
        # Bytes behind the data are given too, so that `read_through` refuses them.
        return parts or self._inflater.unused_data[:size] or self._file.read(size)
