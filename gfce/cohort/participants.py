"""participants.tsv: the patients of a BIDS dataset and their institutions."""

from __future__ import annotations

import csv
import logging
import re
from pathlib import Path

from gfce.cohort.layout import PARTICIPANTS
from gfce.errors import UserError, one_line

LOGGER = logging.getLogger(__name__)
PATIENT = "participant_id"
INSTITUTION = "institution"
MISSING = "n/a"
"""BIDS' text for a value that is not known."""
MAX_LENGTH = 64
_ID = re.compile(r"sub-[A-Za-z0-9+]+")


def read_participants(root: Path, column: str | None = None) -> dict[str, str | None]:
    """The institution of each patient, in order of their ids; empty where none is given.

    It stands in `column`. Without one it is the column `institution`, and None, with a warning,
    where a table has no such column. Spaces around a value mean nothing; other columns are not
    looked at.

    Raises:
        UserError: the file is missing, or no table of text in UTF-8 that is separated by tabs; a
            column is missing or repeated; a row has another length than the header; an id is not
            `sub-<letters and digits>`, or is repeated, if only in another case; nobody is listed.
    """
    if not (root / PARTICIPANTS).is_file():
        name = root.name if root.is_absolute() else root
        raise UserError(f"{name}: not a BIDS dataset with {PARTICIPANTS}: check cohort.dataset")
    try:
        (_, header), *rows = _lines(root / PARTICIPANTS)
        patient = _position(header, PATIENT, "add it")
        if column is None and INSTITUTION not in header:
            _warn_of_no_institution(header)
            return dict.fromkeys(_checked([(line, cells[patient], "") for line, cells in rows]))
        institution = _position(
            header, column or INSTITUTION, "correct cohort.bids.institution_column"
        )
        return {**_checked([(line, cells[patient], cells[institution]) for line, cells in rows])}
    except UserError as error:
        raise UserError(f"{PARTICIPANTS}: {error}") from None


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """The rows that are not blank, with the number of their line."""
    try:
        # Spreadsheets write a byte order mark.
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter="\t", strict=True)
            rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except UnicodeDecodeError:
        raise UserError("not text in UTF-8: save it as UTF-8") from None
    except csv.Error as error:
        raise UserError(
            f"not a table separated by tabs ({one_line(str(error))}): save it as one"
        ) from None
    lines = [(line, cells) for line, cells in rows if any(cells)]
    if not lines:
        raise UserError("is empty: list the patients and their institutions")
    _check_lengths(lines)
    return lines


def _check_lengths(lines: list[tuple[int, list[str]]]) -> None:
    (_, header), *rows = lines
    if len(header) == 1 and re.search("[,;]", header[0]):
        raise UserError("not separated by tabs: save it as a table separated by tabs")
    for line, cells in rows:
        if len(cells) != len(header):
            raise UserError(
                f"line {line} has {len(cells)} cells and the header {len(header)}: correct the line"
            )


def _warn_of_no_institution(header: list[str]) -> None:
    columns = one_line(", ".join(name for name in header if name != PATIENT) or "none", 200)
    LOGGER.warning(
        "warning: %s: column %s is missing: institutions are InstitutionName in the sidecars of "
        "T1w; cohort.bids.institution_column can name a column (others: %s)",
        PARTICIPANTS,
        INSTITUTION,
        columns,
    )


def _position(header: list[str], column: str, advice: str) -> int:
    """The index of a column."""
    if column not in header:
        raise UserError(f"column {one_line(column)} is missing: {advice}")
    if header.count(column) > 1:
        raise UserError(f"column {one_line(column)} is there twice: keep one")
    return header.index(column)


def _checked(rows: list[tuple[int, str, str]]) -> dict[str, str]:
    institutions: dict[str, str] = {}
    by_folded_id: dict[str, str] = {}
    for line, patient, institution in rows:
        if not _ID.fullmatch(patient) or len(patient) > MAX_LENGTH:
            raise UserError(
                f"line {line}: participant_id {one_line(patient) or '(empty)'} is not sub- with "
                f"letters and digits behind it, at most {MAX_LENGTH} in all: correct it"
            )
        first = by_folded_id.setdefault(patient.casefold(), patient)
        if patient in institutions:
            raise UserError(f"patient {patient} is there twice: keep one row")
        if first != patient:
            raise UserError(f"patients {first} and {patient} differ only in case: rename one")
        if not institution.isprintable():
            raise UserError(f"line {line}: institution has a control character: correct it")
        institutions[patient] = "" if institution == MISSING else institution
    if not institutions:
        raise UserError("lists no patient: add them")
    return dict(sorted(institutions.items()))
