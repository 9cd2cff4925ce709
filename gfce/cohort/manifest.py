"""Manifests: CSV tables of patients with the paths of their images."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from gfce.errors import UserError, one_line
from gfce.images.layout import check_regular
from gfce.images.modalities import MODALITIES

COLUMNS = ("patient", "institution", *MODALITIES)
"""Columns that a manifest must have."""
MASK = "tumour_mask"
"""A column that a manifest may have."""


def read_manifest(path: Path) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Read a manifest.

    Returns:
        The rows, each a mapping of its columns (`tumour_mask` always included), and for each row
        that cannot be used a line that says why.

    Raises:
        UserError: the file cannot be read, is no table in UTF-8 with `COLUMNS`, or has no row.
    """
    try:
        check_regular(path)
        header, *cells = read_cells(path)
        _check_header(header)
        if not any(cells):
            raise UserError("has no patient: add one")
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None
    except OSError as error:
        raise UserError(f"{path.name}: {error.strerror}: name a manifest to read") from None
    return _read_rows(path.name, header, cells)


def _read_rows(
    name: str, header: list[str], table: list[list[str]]
) -> tuple[list[dict[str, str]], dict[str, str]]:
    rows, problems = [], {}
    for number, cells in enumerate(table, start=2):
        try:
            rows += [_row(number, header, cells)] if cells else []
        except UserError as error:
            problems[f"{name}: row {number}"] = f"{name}: {error}"
    counts = Counter(row["patient"] for row in rows)
    for patient, count in counts.items():
        if count > 1:
            line = f"{name}: patient {one_line(patient)} is there twice: keep one row"
            problems[f"{name}: patient {patient}"] = line
    # Which of two rows is meant is not guessed.
    return [row for row in rows if counts[row["patient"]] == 1], problems


def shown(cell: str) -> str:
    """A path of a manifest for messages: of an absolute path the file name alone.

    Logs are passed on, and the folders of an absolute path may name people.
    """
    return Path(cell).name if Path(cell).is_absolute() else cell


def read_cells(path: Path) -> list[list[str]]:
    """The cells of a CSV table, row by row, its header first.

    Raises:
        UserError: it is empty or no table in UTF-8. The message lacks the name.
    """
    try:
        # Spreadsheets write a byte order mark.
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise UserError("is not a CSV table in UTF-8: export it as one") from None
    if not rows:
        raise UserError("is empty: export it again")
    return rows


def _check_header(header: list[str]) -> None:
    for column in COLUMNS:
        if column not in header:
            raise UserError(f"column {column} is missing: add it")
    for column in header:
        if header.count(column) > 1:
            raise UserError(f"column {column or '(no name)'} is there twice: keep one")


def check_cells(number: int, header: list[str], cells: list[str]) -> None:
    """Refuse a row that does not fit the header; `number` counts from the header's 1.

    Raises:
        UserError: it is longer or shorter, or has a control character.
    """
    if len(cells) != len(header):
        raise UserError(
            f"row {number} has {len(cells)} cells and the header {len(header)}: correct the row"
        )
    if not all(cell.isprintable() for cell in cells):
        raise UserError(f"row {number} has a line break or another control character: remove it")


def _row(number: int, header: list[str], cells: list[str]) -> dict[str, str]:
    check_cells(number, header, cells)
    row = {MASK: "", **dict(zip(header, cells, strict=True))}
    for column in ("patient", "institution"):
        if not row[column].strip():
            raise UserError(f"row {number} has no {column}: add it")
    return row
