"""Which institution a BraTS patient is of, as the partition tables of FeTS say."""

from __future__ import annotations

import re
from pathlib import Path

from gfce.cohort.manifest import check_cells, read_cells
from gfce.errors import UserError, one_line
from gfce.images.layout import check_regular

PATIENT = ("subject_id", "patient")
INSTITUTION = ("partition_id", "institution")
"""Names of the columns, in any case."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What the configuration allows as an institution's name."""
NUMBER = re.compile(r"([0-9]{1,9})(\.0+)?")
"""A number, also as spreadsheets write it."""


def read_partition(path: Path) -> dict[str, str]:
    """Read the institution of each patient from a CSV table.

    Columns are `Subject_ID` or `patient`, and `Partition_ID` or `institution`, in any case; others
    are not looked at. A number n becomes `Institution-n`, and 01 is 1.

    Raises:
        UserError: the table cannot be read, a column is missing or there twice, a cell is empty, a
            patient is there twice, or an institution's name is none for a configuration.
    """
    try:
        check_regular(path)
        header, *rows = read_cells(path)
        names = [name.strip().lower() for name in header]
        columns = _column(names, PATIENT), _column(names, INSTITUTION)
        return _read_rows(header, rows, columns)
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None
    except OSError as error:
        raise UserError(f"{path.name}: {error.strerror}: name a table to read") from None


def _column(names: list[str], known: tuple[str, ...]) -> int:
    found = [number for number, name in enumerate(names) if name in known]
    if not found:
        raise UserError(f"column {known[0]} (or {known[1]}) is missing: add it")
    if len(found) > 1:
        raise UserError(f"column {known[0]} (or {known[1]}) is there twice: keep one")
    return found[0]


def _read_rows(
    header: list[str], rows: list[list[str]], columns: tuple[int, int]
) -> dict[str, str]:
    partition: dict[str, str] = {}
    for number, cells in enumerate(rows, start=2):
        if not cells:
            continue
        check_cells(number, header, cells)
        patient, value = (cells[column].strip() for column in columns)
        if not patient:
            raise UserError(f"row {number} has no patient: add it, or remove the row")
        if patient in partition:
            raise UserError(f"patient {one_line(patient)} is there twice: keep one row")
        partition[patient] = _institution(number, value)
    if not partition:
        raise UserError("has no patient: add one")
    return partition


def _institution(number: int, value: str) -> str:
    if not value:
        raise UserError(f"row {number} has no institution: add it, or remove the row")
    if found := NUMBER.fullmatch(value):
        return f"Institution-{int(found[1])}"
    if not NAME.fullmatch(value):
        raise UserError(
            f"row {number}: an institution is a number, or a name of letters, digits, - and _: "
            "rename it"
        )
    return value
