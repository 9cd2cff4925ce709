"""The step `tabulate`: from the scores of the cells to metrics.csv, enhancement.csv, tables/."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gfce.config import StudyConfig
from gfce.contract.later_columns import write_table
from gfce.files import write_text
from gfce.provenance.state import Provenance
from gfce.statistics import tables
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable, declared
from gfce.statistics.tables.read import gather_enhancement, gather_metrics
from gfce.statistics.tables.received import received_metrics
from gfce.statistics.tables.render import latex, markdown
from gfce.statistics.tables.sheet import PrintedTable, Sheet
from gfce.steps import Task
from gfce.study import Results, with_remotes


def tabulate(config: StudyConfig, state: Provenance | None = None) -> None:
    """Gather metrics.csv from the cells that are scored and write tables 1 to 5 beside it.

    What `state` says does not fit the study any more is left out, and missing.csv says why (None:
    what is there is taken as it is). Merged institutions are external ones.
    """
    unusable = state.unusable(Task("tabulate")) if state else {}
    joined = with_remotes(config)
    metrics = gather_metrics(joined, unusable, received_metrics(config))
    write_table(metrics, Results(config).metrics)
    write_table(gather_enhancement(joined, unusable), Results(config).enhancement)
    write_tables(joined, metrics, unusable)


def write_tables(
    config: StudyConfig, metrics: pd.DataFrame, unusable: Mapping[Task, str] | None = None
) -> None:
    """Write tables/: every table as .csv, printed ones also as .md and .tex."""
    study, results = ScoredStudy(config, metrics, unusable or {}), Results(config)
    for table in declared(tables):
        if isinstance(table, PrintedTable):
            for sheet in study.once(table.sheets):
                _write(results, sheet)
        elif isinstance(table, StudyTable) and (made := study.once(table.make)) is not None:
            write_table(made, results.root / f"{table.name}.csv")


def _write(results: Results, sheet: Sheet) -> None:
    write_table(sheet.rows, results.table(sheet.name, "csv"))
    write_text(markdown(sheet.printed), results.table(sheet.name, "md"))
    write_text(latex(sheet.printed), results.table(sheet.name, "tex"))
