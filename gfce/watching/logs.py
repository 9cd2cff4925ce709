"""What steps wrote into their logs."""

from __future__ import annotations

import sysconfig
from collections.abc import Sequence
from pathlib import Path

from gfce.errors import ERROR, WARNING

TAIL = 8192
"""Bytes at the end of a log that are looked at."""


def last_lines(path: Path) -> list[str]:
    """The last lines of a file that are not empty (none: it is not there)."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()]


def warnings(path: Path) -> list[str]:
    """The warnings that a step wrote into its log."""
    return [line for line in last_lines(path) if line.startswith(WARNING)]


def without_folders(text: str) -> str:
    """A traceback as it may be passed on: files of the working folder and of packages by names.

    A message of a library may still name another folder.
    """
    installed = (sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
    folders = [str(Path.cwd()), *filter(None, installed), str(Path(__file__).parents[2])]
    for folder in sorted({*folders, str(Path.home())}, key=len, reverse=True):
        text = text.replace(f"{folder}/", "")
    return text


def error(lines: Sequence[str], *, public: bool = False) -> str:
    """The program's own message, or the last line of a traceback (empty: neither is there).

    With `public` it is fit for results: of a traceback only the error's name, because its text may
    hold paths of this machine.
    """
    if any(line.startswith("Traceback") for line in lines):
        said = next(line for line in reversed(lines) if not line.startswith(" "))
        return f"{said.partition(':')[0]} (see its log)" if public else said
    return "".join(line.removeprefix(ERROR) for line in lines[-1:] if line.startswith(ERROR))
