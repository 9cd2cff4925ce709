"""Writing files so that no reader ever sees half of one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.errors import UserError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path` that becomes `path` if the block succeeds."""
    with _replacing(path) as temporary:
        yield temporary
        temporary.replace(path)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a new temporary folder beside `path` that takes its place if the block succeeds."""
    with _replacing(path) as temporary:
        temporary.mkdir()
        yield temporary
        shutil.rmtree(path, ignore_errors=True)
        temporary.replace(path)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The extension stays last, because image writers choose the format by it.
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        temporary.unlink(missing_ok=True)


def write_text(text: str, path: Path) -> None:
    """Write text as UTF-8."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(content: Any, path: Path) -> None:
    """Write anything that JSON can hold, keys in order."""
    write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", path)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as the results contract has it, without its index.

    UTF-8, comma, an empty cell for a missing value, and floats in the shortest form that reads
    back to the same number.
    """
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


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
