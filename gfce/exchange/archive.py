"""Zip archives: the same bytes for the same members, and reading without trust.

Members are stored, not compressed: weights do not become smaller, and a small archive cannot hold
large members (a "zip bomb"). Nothing is written where an archive's names point to.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gfce.errors import UserError
from gfce.files import atomic_write

Content = bytes | Path
"""What a member holds: bytes, or those of a file."""
NO_TIME = (1980, 1, 1, 0, 0, 0)
UNIX = 3
READABLE = 0o644 << 16
PIECE = 1 << 20
MAX_TEXT_BYTES = 20_000_000
"""The most that a member may have that is read into memory."""
ENCRYPTED = 0x1
DAMAGED = "is damaged or no bundle of gfce: ask for it again"


def write_archive(members: Mapping[str, Content], path: Path) -> None:
    """Write members in order of their names, without times, owners or compression."""
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(members):
            _write(archive, name, members[name])


def _write(archive: zipfile.ZipFile, name: str, content: Content) -> None:
    member = zipfile.ZipInfo(name, NO_TIME)
    member.create_system, member.external_attr = UNIX, READABLE
    member.file_size = len(content) if isinstance(content, bytes) else content.stat().st_size
    with archive.open(member, "w") as target:
        if isinstance(content, bytes):
            target.write(content)
            return
        with content.open("rb") as source:
            shutil.copyfileobj(source, target, PIECE)


class Archive:
    """An archive that was opened for reading, of which nothing is believed but its members' bytes.

    Args:
        archive: as `zipfile` has opened it.
        size: of the file.

    Raises:
        UserError: a name is there twice, a member is compressed or encrypted, or members are larger
            than the file.
    """

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self._archive = archive
        self._members = {member.filename: member for member in archive.infolist()}
        plain = all(
            member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & ENCRYPTED
            for member in archive.infolist()
        )
        total = sum(member.file_size for member in archive.infolist())
        if not plain or total > size or len(self._members) != len(archive.infolist()):
            raise UserError("was packed anew or is no bundle of gfce: take it as it was written")

    @property
    def names(self) -> set[str]:
        """The names of all members."""
        return set(self._members)

    def read(self, name: str) -> bytes:
        """The content of a member that is not there for its size: text.

        Raises:
            UserError: there is no such member, or it is too large.
        """
        if name not in self._members or self._members[name].file_size > MAX_TEXT_BYTES:
            raise UserError(DAMAGED)
        return self._archive.read(self._members[name])

    def read_json(self, name: str) -> dict[str, Any]:
        """The content of a member that is one JSON object.

        Raises:
            UserError: it is not, or as `read`.
        """
        try:
            content = json.loads(self.read(name).decode())
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise UserError(DAMAGED)
        return content

    def sha256(self, name: str) -> str:
        """The checksum of a member's content."""
        digest = hashlib.sha256()
        with self._archive.open(self._members[name]) as source:
            while piece := source.read(PIECE):
                digest.update(piece)
        return digest.hexdigest()

    def copy(self, name: str, path: Path) -> None:
        """Write the content of a member to a place that the caller has chosen."""
        with (
            atomic_write(path) as temporary,
            temporary.open("wb") as target,
            self._archive.open(self._members[name]) as source,
        ):
            shutil.copyfileobj(source, target, PIECE)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive for reading.

    Raises:
        UserError: it is not there or is damaged; also from within the block, and the message begins
            with the file's name.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UserError(f"{path.name}: {error.strerror}: name a bundle to read") from None
    with file:
        try:
            with zipfile.ZipFile(file) as archive:
                yield Archive(archive, path.stat().st_size)
        except UserError as error:
            raise UserError(f"{path.name}: {error}") from None
        except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError):
            raise UserError(f"{path.name}: {DAMAGED}") from None
