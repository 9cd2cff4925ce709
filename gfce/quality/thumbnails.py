"""Small pictures of a volume's middle slice, as PNG in a data URI."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from gfce.images.arrays import Mask, Volume

LONGEST = 128
"""The most pixels along a side: 250 patients of three stay below 25 MB."""
WHITE = 99.5
"""Percentile in the head that is white; 0 is black."""


def thumbnail(volume: Volume, head: Mask) -> str:
    """The middle slice as a data URI, 8 bits, black at 0 and white at `WHITE` in the head."""
    white = abs(float(np.percentile(volume[head], WHITE))) or 1.0
    plane = _shrunk(volume[middle(volume)])
    grays = np.clip(plane / white * 255, 0, 255).astype(np.uint8)
    return f"data:image/png;base64,{base64.b64encode(png(grays)).decode('ascii')}"


def middle(volume: Volume) -> int:
    """The position of the slice that is shown, from 0."""
    return int(volume.shape[0] // 2)


def _shrunk(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of square blocks, so that no side is longer than `LONGEST`; the rest is cut off."""
    factor = -(-max(plane.shape) // LONGEST)
    rows, columns = (length // factor for length in plane.shape)
    blocks = plane[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    return np.asarray(blocks.mean(axis=(1, 3)))


def png(grays: NDArray[np.uint8]) -> bytes:
    """A gray PNG image of (row, column) (ISO/IEC 15948), each row with the filter `Up`."""
    rows, columns = grays.shape
    above = np.vstack([np.zeros((1, columns), np.uint8), grays[:-1]])
    filtered = np.hstack([np.full((rows, 1), 2, np.uint8), grays - above])
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
