"""Where the voxels of an image file lie, as its header says."""

from __future__ import annotations

import gzip
import math
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gfce.errors import UserError

Compression = Literal["none", "gzip", "zlib"]
Affine = NDArray[np.float64]
"""4 x 4, from indices (x, y, z) to mm (LPS)."""

MAX_HEADER = 2**20
"""The most bytes before the voxels, extensions of the header included: 1 MiB."""


@dataclass(frozen=True)
class Layout:
    """Where a file's voxels lie and what they are.

    `shape` is (x, y, z). The voxels are a stream that begins `start` bytes into the file `data`;
    it is decompressed, and `skip` bytes of it come before the first voxel. A value is the stored
    number times `slope` plus `inter`. `forms` are the affine transforms that the header holds, by
    name: NIfTI may have two.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    data: Path
    start: int = 0
    skip: int = 0
    compression: Compression = "none"
    slope: float = 1.0
    inter: float = 0.0
    forms: dict[str, Affine] = field(default_factory=dict)

    @property
    def n_bytes(self) -> int:
        """The size of the voxels, decompressed."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def scaled(self) -> bool:
        """Whether values are not the stored numbers themselves."""
        return (self.slope, self.inter) != (1.0, 0.0)


def extension(path: Path) -> str:
    """The extension of an image file, in lower case; `.nii.gz` is one."""
    name = path.name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else path.suffix.lower()


def check_regular(path: Path) -> None:
    """Refuse what is no regular file with content, such as a pipe, which would block its reader.

    Raises:
        UserError: there is no such file, or it is a folder, a pipe, a device or empty, or may not
            be looked at.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a name with a null byte
        raise UserError("no such file: correct the path") from None
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror}): correct that") from None
    if stat.S_ISDIR(status.st_mode):
        raise UserError("is a folder: name an image file")
    if not stat.S_ISREG(status.st_mode):
        raise UserError("is no regular file: name an image file")
    if status.st_size == 0:
        raise UserError("is empty: export it again")


def beside(path: Path, name: str) -> Path:
    """The file of voxels that a header names, which must lie in the same folder.

    Raises:
        UserError: it lies in another folder, or is no regular file.
    """
    if name != Path(name).name or name in ("", ".", ".."):
        raise UserError("its voxels are not in one file beside it: convert it to .nii.gz")
    voxels = path.with_name(name)
    try:
        check_regular(voxels)
    except UserError as error:
        raise UserError(f"{brief(name)}, which has its voxels: {error}") from None
    return voxels


def brief(text: str) -> str:
    """Text of a header for a message: one line of at most 40 characters."""
    line = "".join(letter if letter.isprintable() else "?" for letter in text)
    return line if len(line) <= 40 else f"{line[:37]}..."


def three(lengths: list[int]) -> tuple[int, ...]:
    """The lengths of a header (x, y, z, ...) as those of one 3D volume.

    Raises:
        UserError: a length is not positive, or it is no single 3D volume.
    """
    size = " x ".join(str(length) for length in lengths)
    if min(lengths, default=0) < 1:
        raise UserError(f"its header has the size {size or '(none)'}: export it again")
    if len(lengths) < 3 or any(length != 1 for length in lengths[3:]):
        raise UserError(f"is {size}, not one 3D volume: export one volume")
    return tuple(lengths[:3])


@contextmanager
def decompressing() -> Iterator[None]:
    """Raise the errors of decompression as one line.

    Raises:
        UserError: the compressed data are damaged or too short.
    """
    try:
        yield
    except EOFError:
        raise UserError("is cut short: copy or export it again") from None
    except (gzip.BadGzipFile, zlib.error):
        raise UserError("its compressed data are damaged: copy or export it again") from None
