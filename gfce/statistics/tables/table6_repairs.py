"""Table 6: what each repair gains against none, and what is left of the drop."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gfce.contract.columns import MODEL, axes, probability
from gfce.contract.table import Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import PRINTED_METRICS
from gfce.files import records
from gfce.statistics.inference.repairs import repair_gains
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.render import EMPTY, Printed, shown
from gfce.statistics.tables.sheet import PrintedTable, Sheet
from gfce.study import GROUP_KEYS, MODEL_KEYS

CAPTION = "What repairs gain externally against none, and the drop that is left (%)"
NOTE = (
    "Gain and drop [95 % interval], in percent of the external Overall without repair and of the "
    "internal mean. Positive gain: better; positive drop: worse outside. * Holm-adjusted p < 0.05 "
    "of the paired test against none (family D). Repairs that learn from patients of the other "
    "hospital are tested on the rest of its patients, as all models are."
)


def repair_sheets(study: ScoredStudy) -> list[Sheet]:
    """A row for each repaired model; no table of a study without repairs."""
    found = study.once(repair_gains)
    if found is None:
        return []
    by_model: dict[str, dict[str, dict[str, Any]]] = {}
    for row in records(found):
        by_model.setdefault(row["model"], {})[row["metric"]] = row
    rows = TABLE.frame([_row(by_metric) for by_metric in by_model.values()])

    def why_empty(row: dict[str, Any], column: str) -> str:
        metric = next(m for m in PRINTED_METRICS if column in {c.name for c in _columns(m)})
        return (
            by_model[row["model"]][metric.name]["reason"] or "no test or interval: see repairs.csv"
        )

    return [Sheet("table6", rows, _print(rows), why_empty)]


def _row(by_metric: dict[str, dict[str, Any]]) -> dict[str, Any]:
    first = next(iter(by_metric.values()))
    row = {key: first[key] for key in (*MODEL_KEYS, "model")}
    for metric in PRINTED_METRICS:
        found = by_metric[metric.name]
        row |= {column.name: found[of] for of, column in zip(_OF, _columns(metric), strict=True)}
    return row


_OF = (
    "gain_pct",
    "ci95_low",
    "ci95_high",
    "p_holm",
    "drop_left_pct",
    "drop_left_ci95_low",
    "drop_left_ci95_high",
)
"""The columns of repairs.csv, in the order of `_columns`."""


def _columns(metric: Metric) -> tuple[Column, ...]:
    """The columns of a metric: gain, its interval, p, drop, its interval."""
    stem = metric.stem
    return (
        Column(f"{stem}_gain_pct", "number", f"Gain in external {metric.label}", "%"),
        Column(f"{stem}_gain_ci95_low", "number", "Lower bound of its 95 % interval", "%"),
        Column(f"{stem}_gain_ci95_high", "number", "Upper bound of its 95 % interval", "%"),
        probability(f"{stem}_p_holm", "Holm-adjusted p of the paired test against none"),
        Column(f"{stem}_drop_left_pct", "number", f"Drop of {metric.label} that is left", "%"),
        Column(f"{stem}_drop_left_ci95_low", "number", "Lower bound of its 95 % interval", "%"),
        Column(f"{stem}_drop_left_ci95_high", "number", "Upper bound of its 95 % interval", "%"),
    )


def _print(rows: pd.DataFrame) -> Printed:
    cells = [
        [*(shown(row[key], key) for key in ("normalization", "model"))]
        + [text for metric in PRINTED_METRICS for text in _cells(row, metric)]
        for row in records(rows)
    ]
    header = ["Normalization", "Model"]
    for metric in PRINTED_METRICS:
        header += [f"{metric.label} gain", "drop left"]
    groups = [tuple(row[key] for key in GROUP_KEYS) for row in records(rows)]
    rules = {n for n in range(1, len(groups)) if groups[n] != groups[n - 1]}
    return Printed(CAPTION, header, cells, rules=rules, notes=[NOTE], text_columns=2, number="6")


def _cells(row: dict[str, Any], metric: Metric) -> list[str]:
    gain, low, high, p, *drop = (row[column.name] for column in _columns(metric))
    return [_percent(gain, low, high) + "*" * bool(p < 0.05), _percent(*drop)]


def _percent(value: float, low: float, high: float) -> str:
    if pd.isna(value):
        return EMPTY
    interval = "" if pd.isna(low) else f" [{low:.2f}, {high:.2f}]"
    return f"{value:.2f}{interval}".replace("-", "−")


TABLE = PrintedTable(
    name="tables/table6",
    title="What repairs gain, and what is left of the drop",
    key=("model",),
    columns=(
        MODEL,
        *(column for metric in PRINTED_METRICS for column in _columns(metric)),
        *axes(MODEL_KEYS),
    ),
    sheets=repair_sheets,
)
