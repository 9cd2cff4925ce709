"""Which institution a patient is of: by a folder's name, a tag, the PatientID, or one for all.

A value becomes a name of the dataset in one of two ways: a table translates it, or it is a plain
name that cannot be a patient's.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gfce.dicom.headers import Header
from gfce.errors import UserError, one_line

Source = Literal["name", "level", "tag", "patient_id"]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What the configuration allows as an institution's name."""
COLUMNS = ("value", "institution")
SHOWN_SOURCE = {
    "level": "the folder of that level",
    "tag": "InstitutionName",
    "patient_id": "PatientID",
}


@dataclass(frozen=True)
class Institutions:
    """Where institutions come from."""

    source: Source
    name: str = ""
    """The institution of all, where the source is `name`."""
    level: int = 0
    """The folder below the tree, counted from 1, where the source is `level`."""
    table: Mapping[str, str] | None = None
    """Institution of each value of the source."""

    def of(self, header: Header, folder: Path) -> str:
        """The institution of a file.

        Raises:
            UserError: its value is not in the table, or is no plain name where there is no table.
                The message holds no value.
        """
        if self.source == "name":
            return self.name
        value = self._value(header, folder)
        if self.table is not None:
            if value not in self.table:
                raise UserError(f"{SHOWN_SOURCE[self.source]} is not in the table: add it there")
            return self.table[value]
        if not NAME.fullmatch(value):
            raise UserError(
                f"{SHOWN_SOURCE[self.source]} is no name of letters, digits, - and _: "
                "give --institution-table"
            )
        return value

    @property
    def may_name_patients(self) -> bool:
        """Whether values become names as they are."""
        return self.source in ("level", "tag") and self.table is None

    def _value(self, header: Header, folder: Path) -> str:
        if self.source == "tag":
            return header.identity.institution
        if self.source == "patient_id":
            return header.identity.patient_id
        folders = header.path.relative_to(folder).parts[:-1]
        if len(folders) < self.level:
            raise UserError(f"a file lies above folder level {self.level}: move it")
        return folders[self.level - 1]


def parse_institutions(specification: str, table: Path | None = None) -> Institutions:
    """Read `name=North`, `level=1`, `tag` or `patient_id`, and the table that translates values.

    Raises:
        UserError: it is none of these, or the table cannot be read, or is missing for PatientIDs.
    """
    source, _, value = specification.partition("=")
    translation = read_table(table) if table else None
    if source == "name" and NAME.fullmatch(value):
        return Institutions("name", name=value)
    if source == "level" and value.isdigit() and int(value) > 0:
        return Institutions("level", level=int(value), table=translation)
    if specification == "tag":
        return Institutions("tag", table=translation)
    if specification == "patient_id":
        if translation is None:
            raise UserError("institution patient_id: needs --institution-table")
        return Institutions("patient_id", table=translation)
    raise UserError(
        f"institution {one_line(specification)}: give name=NAME (letters, digits, - and _), "
        "level=1 (the first folder below the tree), tag or patient_id"
    )


def read_table(path: Path) -> dict[str, str]:
    """Read a CSV table with the columns value and institution.

    Raises:
        UserError: it cannot be read, lacks a column, gives a value twice, or names an institution
            as no configuration can. No value is repeated, because it may be a patient's id.
    """
    translation: dict[str, str] = {}
    for line, row in enumerate(read_rows(path, COLUMNS), start=2):
        value, institution = (row[column].strip() for column in COLUMNS)
        if not NAME.fullmatch(institution):
            raise UserError(
                f"{path.name}: row {line}: institutions have letters, digits, - and _ only: "
                "rename it"
            )
        if value in translation:
            raise UserError(f"{path.name}: row {line}: its value is given twice: keep one row")
        translation[value] = institution
    return translation


def read_rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a CSV table in UTF-8 with a header.

    Raises:
        UserError: it cannot be read, a column is missing, or a row is longer or shorter.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows, header = list(reader), reader.fieldnames or ()
    except (UnicodeDecodeError, csv.Error):
        raise UserError(f"{path.name}: is not a CSV table in UTF-8: export it as one") from None
    except OSError as error:
        raise UserError(f"{path.name}: {error.strerror}: name a table to read") from None
    for column in columns:
        if column not in header:
            raise UserError(f"{path.name}: column {column} is missing: add it")
    if any(None in row or None in row.values() for row in rows):
        raise UserError(f"{path.name}: a row is longer or shorter than the header: correct it")
    return rows
