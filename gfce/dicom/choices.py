"""Choices that a person has made: which series of a patient is what, where rules cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gfce.dicom.institutions import read_rows
from gfce.errors import UserError, one_line
from gfce.images.modalities import MODALITIES

COLUMNS = ("patient", "series", "modality")
LEAVE = "leave"
Choices = Mapping[str, Mapping[str, str]]
"""By the patient's pseudonym and the series' hash: a modality, or `leave`."""


def read_choices(path: Path | None) -> Choices:
    """Read a CSV table with the columns patient, series (its hash) and modality.

    Raises:
        UserError: it cannot be read, lacks a column, names something else than a modality, or
            a series twice.
    """
    if path is None:
        return {}
    choices: dict[str, dict[str, str]] = {}
    for line, row in enumerate(read_rows(path, COLUMNS), start=2):
        patient, series, modality = (row[column].strip() for column in COLUMNS)
        if modality not in (*MODALITIES, LEAVE):
            raise UserError(
                f"{path.name}: row {line}: modality {one_line(modality)}: give "
                f"{', '.join(MODALITIES)} or {LEAVE}"
            )
        taken = choices.setdefault(patient, {})
        if series.removeprefix("#") in taken:
            raise UserError(f"{path.name}: row {line}: its series is given twice: keep one row")
        taken[series.removeprefix("#")] = modality
    return choices
