"""What a reader should know against the study: warnings, exclusions, values that are missing."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

import pandas as pd

from gfce.cohort.tables import EXCLUSIONS, LEAKS
from gfce.contract.table import Table
from gfce.quality.columns import COLUMNS
from gfce.quality.remarks import remarks
from gfce.report.page.rows import read_rows, rows_table
from gfce.report.page.study import ReportedStudy
from gfce.statistics.tables.missing import TABLE as MISSING

MANY = 12
"""More lines than these are to be opened first."""


def warnings(study: ReportedStudy) -> Iterator[str]:
    """The section, a part for each kind."""
    results = study.results
    yield "<h3>Quality of the images</h3>\n"
    yield from _quality(study)
    yield "<h3>Leaks between training and test</h3>\n"
    yield from _rows(study, "leaks", results.leaks, LEAKS, "Nothing was found.")
    yield "<h3>Patients who were left out</h3>\n"
    yield from _rows(study, "index", results.exclusions, EXCLUSIONS, "None.")
    yield "<h3>Values that are missing in the tables</h3>\n"
    missing = results.table("missing", "csv")
    yield from _rows(study, "tabulate", missing, MISSING, "None: every cell is scored.")


def _quality(study: ReportedStudy) -> Iterator[str]:
    if not study.fits("quality") or not study.results.quality.exists():
        yield study.absent("quality")
        return
    found = remarks(measured(study.results.quality))
    yield "<p>" if found else "<p>No warning. "
    yield 'All patients at a glance: <a href="figures/quality.html">figures/quality.html</a></p>\n'
    lines = "".join(f"<li>{escape(remark.text)}</li>\n" for remark in found)
    yield _opened(f"<ul>\n{lines}</ul>\n", len(found), "warnings") if found else ""


def measured(path: Path) -> pd.DataFrame:
    """quality.csv as the step that wrote it had it: text that is missing is empty text."""
    texts = [column.name for column in COLUMNS if column.type == "string"]
    table = pd.read_csv(path, dtype=dict.fromkeys(texts, str))
    return table.fillna(dict.fromkeys(texts, ""))


def _rows(
    study: ReportedStudy, step: str, path: Path, declared: Table, nothing: str
) -> Iterator[str]:
    if not study.fits(step) or not path.exists():
        yield study.absent(step)
        return
    rows = read_rows(path)
    name = path.relative_to(study.results.root).as_posix()
    yield (
        _opened(rows_table(escape(name), rows, declared), len(rows), "rows")
        if rows
        else f"<p>{nothing}</p>\n"
    )


def _opened(content: str, lines: int, noun: str) -> str:
    if lines <= MANY:
        return content
    return f"<details><summary>{lines} {noun}</summary>\n{content}</details>\n"
