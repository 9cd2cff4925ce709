"""A reason for every empty value of the tables and for every cell that is not scored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from gfce.contract.columns import COHORT, MODEL, TESTING
from gfce.contract.table import Column
from gfce.files import records
from gfce.provenance.remote import misfits
from gfce.provenance.state import NOT_MADE
from gfce.statistics import tables
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable, declared
from gfce.statistics.tables.read import scored_cells
from gfce.statistics.tables.sheet import PrintedTable, Sheet
from gfce.steps import CELL_STEPS, Task
from gfce.study import Cell, Results, cells, model_label
from gfce.watching.logs import error, last_lines


def missing_values(study: ScoredStudy) -> pd.DataFrame:
    """One row for each unscored cell of the grid and for each empty value of a table, with why."""
    without = [*_unscored_cells(study), *_unfit_rows(study)]
    rows = [*without, *(row for sheet in _sheets(study) for row in _gaps(sheet))]
    return TABLE.frame(rows).astype({"seed": "Int64"})


def _sheets(study: ScoredStudy) -> Iterator[Sheet]:
    for table in declared(tables):
        if isinstance(table, PrintedTable):
            yield from study.once(table.sheets)


def _unscored_cells(study: ScoredStudy) -> Iterator[dict[str, Any]]:
    scored, results = scored_cells(study.metrics), Results(study.config)
    for cell in cells(study.config):
        if cell not in scored:
            reason = study.unusable.get(Task("evaluate", cell), NOT_MADE)
            yield {
                "table": "metrics",
                "model": model_label(study.config, cell),
                "seed": cell.seed,
                "reason": _why_not_scored(results, cell, reason),
            }


def _unfit_rows(study: ScoredStudy) -> Iterator[dict[str, Any]]:
    """What tables lack of institutions that were merged into the study."""
    for remote, reasons in misfits(study.config).items():
        for cell, reason in reasons.items():
            yield {
                "table": "metrics",
                "model": model_label(study.config, cell),
                "testing": remote.name,
                "cohort": "external",
                "seed": cell.seed,
                "reason": f"merged rows are left out: {reason}",
            }


def _why_not_scored(results: Results, cell: Cell, reason: str) -> str:
    for step in CELL_STEPS:
        if message := error(last_lines(results.log(step, cell)), public=True):
            return f"not scored: {step} failed: {message}"
    if reason != NOT_MADE:
        return f"not scored: what is there does not fit: {reason}"
    path = results.cell_metrics(cell).relative_to(results.root).as_posix()
    return f"not scored yet: no rows from {path}"


def _gaps(sheet: Sheet) -> Iterator[dict[str, Any]]:
    if sheet.rows.empty:
        yield {"table": sheet.name, "reason": sheet.why_no_rows}
    for row in records(sheet.rows):
        for column in (column for column in sheet.rows.columns if pd.isna(row[column])):
            yield {
                "table": sheet.name,
                "model": row["model"],
                "testing": row.get("testing"),
                "cohort": row.get("cohort"),
                "column": column,
                "reason": sheet.why_empty(row, column),
            }


TABLE = StudyTable(
    name="tables/missing",
    title="Reason of each empty value of the tables",
    columns=(
        Column("table", "string", "Table with the empty value; metrics: a cell that is not scored"),
        MODEL,
        TESTING,
        COHORT,
        Column("seed", "integer", "Training seed of a cell that is not scored", minimum=0),
        Column("column", "string", "Column of the empty value"),
        Column("reason", "string", "Why there is no value"),
    ),
    make=missing_values,
)
