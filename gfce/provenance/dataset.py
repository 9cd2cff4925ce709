"""What a dataset looks like from outside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gfce.cohort.layout import DESCRIPTION, MASKS, PARTICIPANTS
from gfce.provenance import code


def dataset_state(dataset: Path) -> dict[str, str]:
    """What a dataset's files look like from outside, folder by folder: names, sizes and times.

    Their content is hashed by `gfce index`, which is due whenever this changes. Only what can
    concern a study is looked at: tables and sidecars, patients' folders and tumour masks.
    """
    masks = {f"masks of {name}": path for name, path in _entries(dataset / MASKS).items()}
    places = {**_entries(dataset), **masks}
    return {name: code.digest(list(_states(path))) for name, path in places.items()}


def _entries(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    entries = {entry.name: entry for entry in sorted(folder.iterdir())}
    return {
        name: entry
        for name, entry in entries.items()
        if name.startswith("sub-")
        or name in (PARTICIPANTS, DESCRIPTION)
        or (name.endswith(".json") and not name.startswith("."))
    }


def _states(path: Path) -> Iterator[tuple[str, int, int]]:
    if not path.is_dir():
        yield from _state(path, path.name)
        return
    for folder, subfolders, names in os.walk(path, followlinks=True):
        subfolders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            yield from _state(file, file.relative_to(path).as_posix())


def _state(file: Path, place: str) -> Iterator[tuple[str, int, int]]:
    """A file's place, size and time (nothing: it is not there, or a link to nothing)."""
    with suppress(FileNotFoundError):
        status = file.stat()
        yield place, status.st_size, status.st_mtime_ns
