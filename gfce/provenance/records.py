"""The record of a result: what it was made by, and what was written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from gfce.files import sha256, write_json
from gfce.provenance.code import digest

FORMAT = 1


@dataclass(frozen=True)
class Recipe:
    """What a result depends on.

    Attributes:
        versions: of the step and, of a cell, its network and normalization.
        edited: hashes of files that are not as they were when the versions were given.
        settings: keys of the configuration with their values.
        inputs: hashes of what is read, by names for people ("sub-07 t1w").
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    edited: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The recipe as one short hash."""
        return digest(asdict(self))


@dataclass(frozen=True)
class Written:
    """A file as a step left it; size and time (ns) spare the hash of one that nobody touched."""

    sha256: str
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Written:
        """A file as it is now."""
        status = path.stat()
        return cls(sha256(path), status.st_size, status.st_mtime_ns)


@dataclass(frozen=True)
class Record:
    """The recipe of a result and its files, by their paths below `root`."""

    recipe: Recipe
    files: Mapping[str, Written]

    @classmethod
    def of(cls, recipe: Recipe, root: Path, paths: Iterable[Path]) -> Record:
        """The record of files that have just been written."""
        files = {path.relative_to(root).as_posix(): Written.of(path) for path in sorted(set(paths))}
        return cls(recipe, files)

    def damage(self, root: Path, *, thoroughly: bool = False) -> str | None:
        """What is wrong with the files (None: they are as they were written).

        Args:
            root: the folder that they lie in.
            thoroughly: hash each of them, also those whose size and time have not changed.
        """
        for name, written in self.files.items():
            if wrong := _damage(root / name, written, thoroughly=thoroughly):
                return f"{name}: {wrong}"
        return None

    def hashes(self) -> dict[str, str]:
        """The content of each file."""
        return {name: written.sha256 for name, written in self.files.items()}

    def doubted(self) -> Record:
        """The same, but such that every file will be hashed when it is looked at next."""
        files = {name: replace(written, mtime_ns=0) for name, written in self.files.items()}
        return replace(self, files=files)

    def save(self, path: Path) -> None:
        """Write the record."""
        write_json({"format": FORMAT, **asdict(self)}, path)


def _damage(path: Path, written: Written, *, thoroughly: bool) -> str | None:
    try:
        status = path.stat()
        touched = status.st_mtime_ns != written.mtime_ns
        same = status.st_size == written.size
        if same and (touched or thoroughly):
            same = sha256(path) == written.sha256
    except (FileNotFoundError, NotADirectoryError):
        return "is not there"
    return None if same else "is not as it was written"


def load_record(path: Path) -> Record | None:
    """Read a record (None: there is none, or none that can be understood)."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            return None
        files = {name: Written(**written) for name, written in content["files"].items()}
        return Record(Recipe(**content["recipe"]), files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
