"""Do the derived numbers of printed tables follow from the numbers that they are derived from?

The tables are recomputed by the functions that make the study's own (`arithmetic`, `aggregate`),
once with the printed numbers and once with the intervals of all numbers that round to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from gfce.contract.columns import OVERALL
from gfce.contract.table import Column, Table
from gfce.files import records
from gfce.statistics.arithmetic import Means, Place, implied_value, overall
from gfce.statistics.audit.intervals import UNKNOWN, Interval
from gfce.statistics.audit.published import PRINTED_COLUMNS, Published
from gfce.statistics.design import Model, uni_groups
from gfce.statistics.tables.aggregate import SCORE_KEYS, with_overall_rows


def audit_tables(published: Published) -> pd.DataFrame:
    """audit.csv: each derived cell of the printed tables, and each implied one.

    recomputed is derived from the printed rows of the institutions alone; it and
    [recomputed_low, recomputed_high] say what the cell can be. A cell agrees if that interval and
    the interval of the printed value share a number. from_printed is derived from the nearest
    printed cells instead (printed Overalls; for the Overall of table 5 the printed drops), so that
    an error is told from its consequences. A row that is absent, but the only one its printed
    Overall lacks, is solved for and marked as implied.
    """
    grid = published.models()
    tables = {name: _Recomputed(table, grid) for name, table in published.scores.items()}
    rows = [row for name, table in tables.items() for row in table.audit(name)]
    from_rows = _merged([table.means for table in tables.values()])
    from_overalls = _merged([table.printed_means for table in tables.values()])
    rows += _audit_improvements(published.improvements, grid, from_rows, from_overalls)
    rows += _audit_drops(published.drops, grid, from_rows, from_overalls)
    return TABLE.frame(rows)


class _Recomputed:
    """Table 2 or 3 with its Overall rows computed anew and its implied rows solved for.

    Attributes:
        printed_means: the printed numbers.
        means: the same with recomputed Overall rows.
    """

    def __init__(self, printed: pd.DataFrame, grid: Sequence[Model]) -> None:
        self.printed_means = {
            (*_keys(row), column): Interval.of_printed(row[name])
            for row in records(printed)
            for name, column in PRINTED_COLUMNS.items()
        }
        labels = set(printed["model"])
        rows = [
            dict(zip(SCORE_KEYS, (model.label, *institution), strict=True))
            for model in grid
            if model.label in labels
            for institution in model.institutions()
        ]
        columns = PRINTED_COLUMNS.values()
        values = [row | {column: self._cell(row, column) for column in columns} for row in rows]
        self._rows = records(with_overall_rows(pd.DataFrame(values)))
        self.means = {
            (*_keys(row), column): row[column] if row[column].known else self._cell(row, column)
            for row in self._rows
            for column in columns
        }

    def _cell(self, row: dict[str, Any], column: str) -> Interval:
        return self.printed_means.get((*_keys(row), column), UNKNOWN)

    def audit(self, table: str) -> Iterator[dict[str, Any]]:
        """Overall cells and implied cells, in the order of the rows."""
        for row in self._rows:
            for name, column in PRINTED_COLUMNS.items():
                cell = {"table": table, "row": " ".join(_keys(row)), "column": name}
                if row["testing"] == OVERALL:
                    yield cell | self._overall_cell(row, column)
                elif not row[column].known:
                    yield cell | self._absent_cell(row, column)

    def _overall_cell(self, row: dict[str, Any], column: str) -> dict[str, Any]:
        printed, absent = self._cell(row, column), self._absent(row, column)
        note = ""
        if absent:
            note = f"cannot be checked: no row of {', '.join(absent)}"
        return _compare(printed, row[column], row[column], note)

    def _absent_cell(self, row: dict[str, Any], column: str) -> dict[str, Any]:
        total = self._cell(row | {"testing": OVERALL}, column)
        absent = self._absent(row, column)
        if not total.known or len(absent) > 1:
            return _compare(UNKNOWN, UNKNOWN, UNKNOWN, "absent, and not implied by an Overall")
        others = [r[column] for r in self._cohort(row) if r["testing"] != row["testing"]]
        value = implied_value(total, others)
        note = "absent; implied by the printed Overall" + self._span_of_others(row, column)
        note += "; a negative value is impossible" if value.high < 0 else ""
        return _compare(UNKNOWN, value, UNKNOWN, note) | {"implied": True}

    def _span_of_others(self, row: dict[str, Any], column: str) -> str:
        same = [r for r in self._rows if r["testing"] == row["testing"] and r[column].known]
        values = [r[column].value for r in same]
        return f"; other models there: {min(values):.2f} to {max(values):.2f}" if values else ""

    def _cohort(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        same = [r for r in self._rows if all(r[k] == row[k] for k in ("model", "cohort"))]
        return [r for r in same if r["testing"] != OVERALL]

    def _absent(self, row: dict[str, Any], column: str) -> list[str]:
        return [r["testing"] for r in self._cohort(row) if not r[column].known]


def _keys(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["model"], row["testing"], row["cohort"]


def _audit_improvements(
    table: pd.DataFrame,
    grid: Sequence[Model],
    from_rows: Means[Interval],
    from_overalls: Means[Interval],
) -> Iterator[dict[str, Any]]:
    by_label = {model.label: model for model in grid}
    for row in records(table):
        model = by_label.get(row["model"])
        for metric in from_rows.metrics:
            recomputed, from_printed = (
                means.improvement(model, grid, metric) if model else UNKNOWN
                for means in (from_rows, from_overalls)
            )
            cell = {"table": "table4", "row": row["model"], "column": metric.improvement}
            printed = Interval.of_printed(row[metric.improvement])
            yield cell | _compare(printed, recomputed, from_printed)


def _audit_drops(
    table: pd.DataFrame,
    grid: Sequence[Model],
    from_rows: Means[Interval],
    from_overalls: Means[Interval],
) -> Iterator[dict[str, Any]]:
    cells = {
        (row["normalization"], row["model"], metric): Interval.of_printed(row[metric.drop])
        for row in records(table)
        for metric in from_rows.metrics
    }
    groups = {unis[0].cell.normalization: unis for unis in uni_groups(grid)}
    for (normalization, label, metric), printed in cells.items():
        unis = groups.get(normalization, [])
        model = next((uni for uni in unis if uni.label == label), None)
        recomputed = from_printed = UNKNOWN
        if label == OVERALL:
            drops = [cells.get((normalization, uni.label, metric), UNKNOWN) for uni in unis]
            recomputed, from_printed = from_rows.overall_drop(unis, metric), overall(drops)
        elif model:
            recomputed = from_rows.drop(model, metric)
            from_printed = from_overalls.drop(model, metric)
        cell = {"table": "table5", "row": f"{normalization} {label}", "column": metric.drop}
        yield cell | _compare(printed, recomputed, from_printed)


def _merged(parts: list[dict[Place, Interval]]) -> Means[Interval]:
    return Means[Interval]({key: value for part in parts for key, value in part.items()})


def _compare(
    printed: Interval, from_rows: Interval | float, from_cells: Interval | float, note: str = ""
) -> dict[str, Any]:
    recomputed, from_printed = _known(from_rows), _known(from_cells)
    agrees, agrees_with_printed = _agree(printed, recomputed), _agree(printed, from_printed)
    if agrees is False:
        note = "follows from neither the rows nor the nearest printed cells"
        if agrees_with_printed:
            note = "follows from the nearest printed cells, but not from the rows"
    return {
        "printed": printed.value,
        "recomputed": recomputed.value,
        "agrees": agrees,
        "recomputed_low": recomputed.low,
        "recomputed_high": recomputed.high,
        "implied": False,
        "from_printed": from_printed.value,
        "agrees_with_printed": agrees_with_printed,
        "note": note or ("" if agrees is not None else "cannot be recomputed"),
    }


def _known(value: Interval | float) -> Interval:
    # The mean of nothing is NaN, a float.
    return value if isinstance(value, Interval) else UNKNOWN


def _agree(printed: Interval, recomputed: Interval) -> bool | None:
    if not printed.known or not recomputed.known:
        return None
    return printed.overlaps(recomputed)


TABLE = Table(
    name="audit",
    title="Audit of published tables",
    key=("table", "row", "column"),
    columns=(
        Column("table", "string", "Printed table"),
        Column("row", "string", "Row of the table"),
        Column("column", "string", "Column of the table"),
        Column("printed", "number", "Printed value; empty: the row is absent"),
        Column(
            "recomputed",
            "number",
            "Value derived from the printed rows of the institutions",
        ),
        Column(
            "agrees",
            "boolean",
            "Whether the printed value follows, allowing for the rounding of every number; empty: "
            "cannot be checked",
        ),
        Column("recomputed_low", "number", "Smallest value that the rows allow"),
        Column("recomputed_high", "number", "Largest value that the rows allow"),
        Column("implied", "boolean", "Whether the row is absent and solved for"),
        Column("from_printed", "number", "Value derived from the nearest printed cells"),
        Column(
            "agrees_with_printed",
            "boolean",
            "Whether the printed value follows from the nearest printed cells",
        ),
        Column("note", "string", "What was found"),
    ),
)
