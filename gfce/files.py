"""Writing files so that no reader ever sees half of one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.errors import UserError

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What the text of a formula begins with in spreadsheets."""
_WRITTEN: ContextVar[list[Path] | None] = ContextVar("written", default=None)


@contextmanager
def recording() -> Iterator[list[Path]]:
    """Yield a list that every file written within the block is added to."""
    written: list[Path] = []
    token = _WRITTEN.set(written)
    try:
        yield written
    finally:
        _WRITTEN.reset(token)


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path` that becomes `path` if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The extension stays last, because image writers choose the format by it.
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if (written := _WRITTEN.get()) is not None:
        written.append(path)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that becomes `path` if the block succeeds.

    What is at `path` then must be an empty folder. What killed processes of this machine have left
    of the same folder is removed first.
    """
    host = socket.gethostname()
    for left in path.parent.glob(f".{host}-*-{path.name}"):
        number = left.name.removeprefix(f".{host}-").removesuffix(f"-{path.name}")
        if number.isdigit() and not _is_alive(int(number)):
            shutil.rmtree(left, ignore_errors=True)
    temporary = path.with_name(f".{host}-{os.getpid()}-{path.name}")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def write_text(text: str, path: Path) -> None:
    """Write text as UTF-8."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def json_text(content: Any) -> str:
    """Anything that JSON can hold, as it stands in files: keys in order."""
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def write_json(content: Any, path: Path) -> None:
    """Write anything that JSON can hold (`json_text`)."""
    write_text(json_text(content), path)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as the results contract has it, without its index.

    UTF-8, comma, an empty cell for a missing value, and floats in the shortest form that reads
    back to the same number. Text that a spreadsheet would take for a formula begins with an
    apostrophe (OWASP, CSV injection).
    """
    with atomic_write(path) as temporary:
        table.map(_as_text).to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


def _as_text(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def check_rows(table: pd.DataFrame, path: Path, columns: Iterable[str], key: str) -> None:
    """Refuse a table of patients that lacks a column or names a patient twice.

    Raises:
        UserError: it does; `path` is where the table was read and `key` its column of patients.
    """
    for column in columns:
        if column not in table:
            raise UserError(f"{path}: column {column} is missing: add it")
    repeated = table[key][table[key].duplicated()]
    if len(repeated):
        raise UserError(f"{path}: patient {repeated.iloc[0]} is there twice: keep one row")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each a mapping of its column names."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def sha256(path: Path) -> str:
    """The checksum of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
