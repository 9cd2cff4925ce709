"""Searching every byte of what was written, whatever it is packed in."""

from __future__ import annotations

import base64
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

DATA_URI = re.compile(rb"data:[a-z/+;=0-9-]*;base64,([A-Za-z0-9+/=\s]+)")
STREAM = re.compile(rb"stream\r?\n")


def everything(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All names and contents below a folder, as they are and unpacked."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        yield f"name of {name}", name.encode()
        if path.is_file():
            yield from unpacked(name, path.read_bytes())


def unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """A content, and what is packed in it, at any depth."""
    yield name, content
    if content.startswith(b"\x1f\x8b"):
        yield from unpacked(f"{name} unzipped", gzip.decompress(content))
    elif content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield f"comments of {name}", archive.comment
            for member in archive.infolist():
                yield f"{name}: {member.filename}", member.filename.encode() + member.comment
                yield from unpacked(f"{name}: {member.filename}", archive.read(member))
    elif content.startswith(b"\x89PNG"):
        yield f"text of {name}", _text_of_png(content)
    elif content.startswith(b"%PDF"):
        yield f"streams of {name}", b"\n".join(_streams(content, STREAM))
    for number, found in enumerate(DATA_URI.finditer(content)):
        yield from unpacked(f"{name}: data {number}", base64.b64decode(found[1]))


def _text_of_png(content: bytes) -> bytes:
    """Compressed chunks of text, decompressed; others are found as they are (PNG 1.2, 4.2.3)."""
    texts, place = [], 8
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        if kind in (b"zTXt", b"iTXt", b"iCCP"):
            texts += _streams(data, re.compile(rb"\x78"))
        place += length + 12
    return b"\n".join(texts)


def _streams(content: bytes, start: re.Pattern[bytes]) -> Iterator[bytes]:
    """What can be decompressed from any of the places."""
    for found in start.finditer(content):
        place = found.start() if found[0] == b"\x78" else found.end()
        try:
            yield zlib.decompressobj().decompress(content[place:])
        except zlib.error:
            continue


class Forbidden:
    """Texts that must stand nowhere; numbers count only by themselves, not within others."""

    def __init__(self, texts: list[str]) -> None:
        patterns = []
        for text in texts:
            alone = rf"(?<![0-9a-f.]){text}(?![0-9a-f])" if text.isdigit() else re.escape(text)
            patterns += [alone.encode(), re.escape(text.encode("utf-16-le"))]
        self._pattern = re.compile(b"|".join(patterns), re.IGNORECASE)

    def found(self, contents: Iterator[tuple[str, bytes]]) -> set[str]:
        """Where any of them stands."""
        return {where for where, content in contents if self._pattern.search(content)}
