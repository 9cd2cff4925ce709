"""`gfce quality`: look at every patient of the store, and say who needs a look.

Reads patients.csv and the store of resampled patients; writes cohort/quality.csv and
figures/quality.html. Definitions and thresholds: docs/quality.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.files import records, write_csv, write_text
from gfce.images.modalities import MODALITIES
from gfce.progress import progress
from gfce.quality.columns import COLUMNS
from gfce.quality.head import Head
from gfce.quality.measuring import measure
from gfce.quality.outliers import mark
from gfce.quality.page import Picture, page
from gfce.quality.remarks import Remark, remarks
from gfce.quality.thumbnails import middle, thumbnail
from gfce.study import Results, read_patients

SHOWN = 30
"""The most warnings that are printed; the page has all of them."""


def quality(config: StudyConfig) -> None:
    """Write quality.csv and quality.html, and print a warning for each remark.

    Raises:
        UserError: the cohort has not been indexed, or a patient is not in the store.
    """
    results = Results(config)
    rows: list[dict[str, Any]] = []
    pictures: dict[str, Picture] = {}
    for indexed in progress(_by_institution(config, read_patients(results)), "quality"):
        patient = indexed["patient_id"]
        head = Head.read(results.images(indexed["institution"]), patient)
        rows += measure(head, indexed)
        pictures[patient] = _picture(head)
    table = as_table(rows)
    found = remarks(table)
    write_csv(table, results.quality)
    write_text(page(table, pictures, found), results.quality_page)
    _print(found)


def as_table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The table of quality.csv, with outliers marked."""
    table = pd.DataFrame(rows, columns=[column.name for column in COLUMNS])
    for column in COLUMNS:
        if column.type == "integer":
            table[column.name] = table[column.name].astype("Int64")
        elif column.type == "number":
            table[column.name] = table[column.name].astype("float64")
    return table.assign(outlier=mark(table))


def _by_institution(config: StudyConfig, patients: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of patients.csv, institutions in the order of the study."""
    rows = records(patients)
    return [
        row for name in config.cohort.institutions for row in rows if row["institution"] == name
    ]


def _picture(head: Head) -> Picture:
    _, rows_mm, columns_mm = head.fov_mm
    images = {name: thumbnail(head.volumes[name], head.mask) for name in MODALITIES}
    return Picture(images, middle(head.volumes["t1w"]) + 1, columns_mm / rows_mm)


def _print(found: Sequence[Remark]) -> None:
    for remark in found[:SHOWN]:
        print(f"gfce: warning: {remark.text}", file=sys.stderr)
    if len(found) > SHOWN:
        print(f"gfce: {len(found) - SHOWN} more warnings in quality.html", file=sys.stderr)
