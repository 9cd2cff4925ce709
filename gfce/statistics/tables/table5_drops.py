"""Table 5: what the single-institution models lose from internal to external test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from gfce.contract.columns import MODEL, OVERALL, axes
from gfce.contract.table import Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS, PRINTED_METRICS
from gfce.statistics.arithmetic import Means
from gfce.statistics.design import Model, uni_groups
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.reasons import NO_EXTERNAL, why_no_percentage
from gfce.statistics.tables.render import Printed, print_percent
from gfce.statistics.tables.sheet import PrintedTable, Sheet
from gfce.study import GROUP_KEYS, METHOD_KEYS

CAPTION = "Drop from internal to external test (%)"


def drop_sheets(study: ScoredStudy) -> list[Sheet]:
    """A row per uni model and, as Overall, the mean of a group's drops."""
    rows = drops(study.means, study.models)
    why_empty = partial(_why_empty, study)
    no_rows = "the grid has no model of a single institution"
    return [Sheet("table5", rows, print_drops(rows), why_empty, no_rows)]


def drops(means: Means[float], models: Sequence[Model]) -> pd.DataFrame:
    """Each uni model's drop and, as Overall, the mean of one group's drops (Table V)."""
    return TABLE.frame([row for unis in uni_groups(models) for row in _group_rows(means, unis)])


def _group_rows(means: Means[float], unis: list[Model]) -> list[dict[str, Any]]:
    keys = unis[0].group_keys
    rows = [
        keys | {"model": uni.label} | {metric.drop: means.drop(uni, metric) for metric in METRICS}
        for uni in unis
    ]
    mean = {metric.drop: means.overall_drop(unis, metric) for metric in METRICS}
    return [*rows, keys | {"model": OVERALL} | mean]


def print_drops(rows: pd.DataFrame) -> Printed:
    """The drops, the smallest in bold, a line below each group."""
    metrics = [metric for metric in PRINTED_METRICS if metric.drop in rows.columns]
    titles = {metric.drop: metric.label for metric in metrics}
    printed = print_percent(rows, CAPTION, ["normalization", "model"], titles, best_is_high=False)
    rules = {row + 1 for row, name in enumerate(rows["model"]) if name == OVERALL}
    note = "Overall: unweighted mean of the drops above. Bold: the smallest drop."
    return replace(printed, rules=rules - {len(rows)}, notes=[note], number="5")


def _why_empty(study: ScoredStudy, row: dict[str, Any], column: str) -> str:
    if not study.config.cohort.external:
        return NO_EXTERNAL
    if row["model"] == OVERALL:
        return "Overall needs the drop of every uni-institution model"
    metric = next(metric for metric in METRICS if column == metric.drop)
    needed = "an internal mean and an external Overall"
    return why_no_percentage(study, [row["model"]], needed, metric)


def _column(metric: Metric) -> Column:
    loss = "(external Overall - internal)"
    if metric.higher_is_better:
        loss = "(internal - external Overall)"
    return Column(metric.drop, "number", f"100 {loss} / internal {metric.label}", "%")


TABLE = PrintedTable(
    name="tables/table5",
    title="Drop from internal to external test",
    key=(*GROUP_KEYS, "model"),
    columns=(
        *axes(["normalization"]),
        MODEL,
        *(_column(metric) for metric in METRICS),
        *axes(METHOD_KEYS),
    ),
    sheets=drop_sheets,
)
