"""Do the derived numbers of printed tables follow from the numbers that they are derived from?

The tables are recomputed by the functions that make the study's own (`aggregation`), once with the
printed numbers and once with the intervals of all numbers that round to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.errors import UserError
from gfce.files import records, write_csv, write_text
from gfce.statistics.aggregation import (
    OVERALL,
    Scores,
    implied_value,
    overall,
    uni_groups,
    with_overall_rows,
)
from gfce.statistics.design import Model
from gfce.statistics.intervals import UNKNOWN, Interval

SCORE_TABLES = ["table2", "table3"]
PRINTED_COLUMNS = {
    "mae_mean_x1000": "mae_mean",
    "mae_sd_x1000": "mae_sd",
    "psnr_mean_db": "psnr_mean_db",
    "psnr_sd_db": "psnr_sd_db",
}
"""Columns of printed tables 2 and 3, and what the study's own call them."""
KEYS = ["model", "testing", "cohort"]
COLUMNS = [
    "table", "row", "column", "printed", "recomputed", "agrees", "recomputed_low",
    "recomputed_high", "implied", "from_printed", "agrees_with_printed", "note",
]  # fmt: skip


@dataclass(frozen=True)
class Published:
    """Printed tables: text, as printed."""

    scores: dict[str, pd.DataFrame]
    improvements: pd.DataFrame
    drops: pd.DataFrame

    def models(self) -> list[Model]:
        """The models that tables 2 and 3 list; all have the same external institutions."""
        both = pd.concat(self.scores.values())
        institutions = both[both["testing"] != OVERALL]
        external = institutions.loc[institutions["cohort"] == "external", "testing"]
        found = []
        for name, table in self.scores.items():
            for label, rows in table.groupby("model", sort=False):
                own = rows[(rows["cohort"] == "internal") & (rows["testing"] != OVERALL)]
                found.append(
                    Model(
                        label=str(label),
                        network="",
                        normalization=self._normalization(name),
                        training_set="",
                        internal=tuple(own["testing"]),
                        external=tuple(dict.fromkeys(external)),
                    )
                )
        return found

    def _normalization(self, table: str) -> str:
        labels = self.scores[table]["model"]
        named = self.drops.loc[self.drops["model"].isin(labels), "normalization"]
        return str(named.iloc[0]) if len(named) else table


def read_published(folder: Path | None = None) -> Published:
    """Read table2.csv to table5.csv of a folder, or those that the package ships.

    Raises:
        UserError: a table or column is missing, or a printed value is not a number.
    """
    place = folder or Path(str(resources.files("gfce"))) / "published"
    scores = {name: _read(place / f"{name}.csv", KEYS, PRINTED_COLUMNS) for name in SCORE_TABLES}
    four = ["mae_improvement_pct", "psnr_improvement_pct"]
    five = ["mae_drop_pct", "psnr_drop_pct"]
    return Published(
        scores,
        _read(place / "table4.csv", ["model"], four),
        _read(place / "table5.csv", ["normalization", "model"], five),
    )


def _read(path: Path, keys: Sequence[str], numbers: Sequence[str] | dict[str, str]) -> pd.DataFrame:
    if not path.exists():
        raise UserError(f"{path}: is not there: a folder to audit holds table2.csv to table5.csv")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except ValueError as error:
        problem = str(error).splitlines()[0]
        raise UserError(f"{path}: cannot be read ({problem}): write it as a CSV") from None
    for column in [*keys, *numbers]:
        if column not in table:
            raise UserError(f"{path}: has no column {column}: name it as gfce/published does")
    for column in numbers:
        for text in table[column]:
            _check_number(path, column, text)
    twice = table.duplicated(list(keys))
    if twice.any():
        row = " ".join(table.loc[twice, list(keys)].iloc[0])
        raise UserError(f"{path}: {row} stands there twice: keep one row")
    return table


def _check_number(path: Path, column: str, text: str) -> None:
    try:
        finite = not text or math.isfinite(Interval.of_printed(text).high)
    except (ArithmeticError, ValueError):
        finite = False
    if not finite:
        raise UserError(f"{path}: {column}: {text!r} is not a number: write it as it is printed")


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
    from_rows = _merged([table.scores for table in tables.values()])
    from_overalls = _merged([table.printed_scores for table in tables.values()])
    rows += _audit_improvements(published.improvements, grid, from_rows, from_overalls)
    rows += _audit_drops(published.drops, grid, from_rows, from_overalls)
    return pd.DataFrame(rows, columns=COLUMNS)


class _Recomputed:
    """Table 2 or 3 with its Overall rows computed anew and its implied rows solved for."""

    def __init__(self, printed: pd.DataFrame, grid: Sequence[Model]) -> None:
        labels = set(printed["model"])
        self._printed = {
            (*(row[key] for key in KEYS), own): Interval.of_printed(row[column])
            for row in records(printed)
            for column, own in PRINTED_COLUMNS.items()
        }
        listed = [
            dict(zip(KEYS, (model.label, *place), strict=True))
            for model in grid
            if model.label in labels
            for place in model.institutions()
        ]
        values = [
            row | {own: self._cell(row, own) for own in PRINTED_COLUMNS.values()} for row in listed
        ]
        self._rows = records(with_overall_rows(pd.DataFrame(values)))
        self.printed_scores = dict(self._printed)
        self.scores = {
            (*(row[key] for key in KEYS), own): row[own] if row[own].known else self._cell(row, own)
            for row in self._rows
            for own in PRINTED_COLUMNS.values()
        }

    def _cell(self, row: dict[str, Any], column: str) -> Interval:
        return self._printed.get((*(row[key] for key in KEYS), column), UNKNOWN)

    def audit(self, table: str) -> Iterator[dict[str, Any]]:
        """Overall cells and implied cells, in the order of the rows."""
        for row in self._rows:
            for column, own in PRINTED_COLUMNS.items():
                place = {"table": table, "row": " ".join(row[key] for key in KEYS)}
                place["column"] = column
                if row["testing"] == OVERALL:
                    yield place | self._overall_cell(row, own)
                elif not row[own].known:
                    yield place | self._absent_cell(row, own)

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
        places = [r for r in self._rows if r["testing"] == row["testing"] and r[column].known]
        values = [r[column].value for r in places]
        return f"; other models there: {min(values):.2f} to {max(values):.2f}" if values else ""

    def _cohort(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        same = [r for r in self._rows if all(r[k] == row[k] for k in ("model", "cohort"))]
        return [r for r in same if r["testing"] != OVERALL]

    def _absent(self, row: dict[str, Any], column: str) -> list[str]:
        return [r["testing"] for r in self._cohort(row) if not r[column].known]


def _audit_improvements(
    printed: pd.DataFrame, grid: Sequence[Model], from_rows: Scores, from_overalls: Scores
) -> Iterator[dict[str, Any]]:
    by_label = {model.label: model for model in grid}
    for row in records(printed):
        model = by_label.get(row["model"])
        for metric in from_rows.metrics:
            one, other = (
                scores.improvement(model, grid, metric) if model else UNKNOWN
                for scores in (from_rows, from_overalls)
            )
            place = {"table": "table4", "row": row["model"], "column": metric.improvement}
            yield place | _compare(Interval.of_printed(row[metric.improvement]), one, other)


def _audit_drops(
    printed: pd.DataFrame, grid: Sequence[Model], from_rows: Scores, from_overalls: Scores
) -> Iterator[dict[str, Any]]:
    cells = {
        (row["normalization"], row["model"], metric): Interval.of_printed(row[metric.drop])
        for row in records(printed)
        for metric in from_rows.metrics
    }
    groups = {unis[0].normalization: unis for unis in uni_groups(grid)}
    for (normalization, label, metric), value in cells.items():
        unis = groups.get(normalization, [])
        if label == OVERALL:
            own = [cells.get((normalization, uni.label, metric), UNKNOWN) for uni in unis]
            one, other = from_rows.overall_drop(unis, metric), overall(own)
        else:
            model = next((uni for uni in unis if uni.label == label), None)
            one = from_rows.drop(model, metric) if model else UNKNOWN
            other = from_overalls.drop(model, metric) if model else UNKNOWN
        place = {"table": "table5", "row": f"{normalization} {label}", "column": metric.drop}
        yield place | _compare(value, one, other)


def _merged(parts: list[dict[tuple[str, str, str, str], Interval]]) -> Scores:
    return Scores({key: value for part in parts for key, value in part.items()})


def _compare(printed: Interval, one: Any, other: Any, note: str = "") -> dict[str, Any]:
    recomputed, from_printed = _known(one), _known(other)
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


def _known(value: Any) -> Interval:
    return value if isinstance(value, Interval) else UNKNOWN


def _agree(printed: Interval, recomputed: Interval) -> bool | None:
    if not printed.known or not recomputed.known:
        return None
    return printed.overlaps(recomputed)


def summary(table: pd.DataFrame) -> str:
    """The findings in Markdown, to paste into a letter."""
    checked = table[table["agrees"].notna()]
    wrong = checked[~checked["agrees"].astype(bool)]
    implied = table[table["implied"].astype(bool)]
    open_cells = table[table["agrees"].isna() & ~table["implied"].astype(bool)]
    lines = [
        "## Audit of the derived numbers",
        "",
        f"{len(checked)} derived cells were recomputed from the printed rows of the institutions. "
        f"Allowing for the rounding of every printed number, {len(checked) - len(wrong)} agree and "
        f"{len(wrong)} do not. {len(open_cells)} cannot be checked, because a row is absent; "
        f"{len(implied)} absent values are implied by a printed Overall.",
    ]
    if len(wrong):
        titles = ["Table", "Row", "Column", "Printed", "Recomputed", "Possible range", "Finding"]
        lines += ["", *_header(titles)]
        for row in records(wrong):
            lines.append(_summary_row(row, [_fixed(row["printed"])], row["note"]))
    if len(implied):
        lines += ["", *_header(["Table", "Row", "Column", "Implied", "Possible range", "Note"])]
        lines += [_summary_row(row, [], row["note"]) for row in records(implied)]
    return "\n".join(lines).replace("_", r"\_") + "\n"


def _header(titles: list[str]) -> list[str]:
    return ["| " + " | ".join(titles) + " |", "| " + " | ".join(["---"] * len(titles)) + " |"]


def _summary_row(row: dict[str, Any], printed: list[str], *notes: str) -> str:
    place = [row["table"].removeprefix("table"), row["row"], row["column"]]
    span = f"{_fixed(row['recomputed_low'])} to {_fixed(row['recomputed_high'])}"
    return "| " + " | ".join([*place, *printed, _fixed(row["recomputed"]), span, *notes]) + " |"


def _fixed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def audit(folder: Path | None, output: Path) -> str:
    """Audit a folder's tables (None: the package's), write audit.csv and audit.md to `output`.

    Returns:
        The Markdown summary.
    """
    table = audit_tables(read_published(folder))
    text = summary(table)
    write_csv(table, output / "audit.csv")
    write_text(text, output / "audit.md")
    return text
