"""The files of a DICOM tree: which are images, and whether they are whole."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PREAMBLE = 128
"""Bytes before `DICM` (PS3.10, 7.1)."""
ITEM, SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
PIXEL_DATA = (0x7FE0, 0x0010)
UNDEFINED = 0xFFFFFFFF


NOT_DICOM = "not DICOM"
BROKEN = "broken DICOM (the header cannot be read)"
OTHER_OBJECT = "DICOM without an MR image (directories, reports, captures, other devices)"
UNREADABLE = "not readable (permissions, links to nowhere, no regular file)"
NO_IDENTITY = "MR images without PatientID or UIDs"
REASONS = (NOT_DICOM, BROKEN, OTHER_OBJECT, UNREADABLE, NO_IDENTITY)


class Unusable(Exception):  # noqa: N818 (no error: the file is counted)
    """A file that gives no image; the message is one of the reasons above."""


def walk(folder: Path) -> Iterator[Path]:
    """All files below a folder, in order of their paths; linked folders are not followed.

    A folder that may not be read is given as well: who reads it finds out.
    """
    unreadable: list[Path] = []

    def note(error: OSError) -> None:
        unreadable.append(Path(os.fsdecode(error.filename)))

    for parent, folders, names in os.walk(folder, onerror=note):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))
    yield from unreadable


def open_file(path: Path) -> BinaryIO:
    """Open a regular file.

    Raises:
        Unusable: it is none, or may not be read.
    """
    try:
        # A pipe would be waited for.
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unusable(UNREADABLE)
        return path.open("rb")
    except OSError:
        raise Unusable(UNREADABLE) from None


def has_preamble(file: BinaryIO) -> bool:
    """Whether a file begins as DICOM files do; one without may still hold a dataset.

    Raises:
        Unusable: it begins with something else than a dataset.
    """
    beginning = file.read(PREAMBLE + 4)
    file.seek(0)
    if beginning[PREAMBLE:] == b"DICM":
        return True
    # Old exports have no preamble: they begin with group 0002 or 0008, little endian.
    if beginning[:2] in (b"\x02\0", b"\x08\0") and len(beginning) > PREAMBLE:
        return False
    raise Unusable(NOT_DICOM)


def is_whole(file: BinaryIO, *, implicit: bool, little: bool, expected: int | None) -> bool:
    """Whether a file holds all of its pixel data; it stands at that element.

    `expected` is the number of bytes of uncompressed pixels (None: compressed).
    """
    size = os.fstat(file.fileno()).st_size
    order = "<" if little else ">"
    header = file.read(8 if implicit else 12)
    if len(header) < (8 if implicit else 12):
        return False
    if struct.unpack(f"{order}HH", header[:4]) != PIXEL_DATA:
        return False
    (length,) = struct.unpack(f"{order}I", header[-4:])
    if length == UNDEFINED:
        return _fragments_end(file, size)
    return file.tell() + length <= size and length >= (expected or 0)


def _fragments_end(file: BinaryIO, size: int) -> bool:
    """Whether the fragments of compressed pixels (PS3.5, A.4) are followed by their end."""
    while len(header := file.read(8)) == 8:
        group, element, length = struct.unpack("<HHI", header)
        if (group, element) == SEQUENCE_END:
            return True
        if (group, element) != ITEM or file.tell() + length > size:
            return False
        file.seek(length, os.SEEK_CUR)
    return False
