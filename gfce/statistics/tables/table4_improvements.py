"""Table 4: what pooled training gains over single-institution training, externally."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from gfce.contract.columns import MODEL, axes
from gfce.contract.table import Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS, PRINTED_METRICS
from gfce.statistics.arithmetic import Means
from gfce.statistics.design import Model, members
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.reasons import NO_EXTERNAL, why_no_percentage
from gfce.statistics.tables.render import Printed, print_percent
from gfce.statistics.tables.sheet import PrintedTable, Sheet
from gfce.study import GROUP_KEYS

CAPTION = "External improvement of pooled over single-institution training (%)"


def improvement_sheets(study: ScoredStudy) -> list[Sheet]:
    """A row per pooled model, with the models that it is set against."""
    rows = improvements(study.means, study.models)
    why_empty = partial(_why_empty, study)
    return [
        Sheet("table4", rows, print_improvements(rows), why_empty, "the grid has no pooled model")
    ]


def improvements(means: Means[float], models: Sequence[Model]) -> pd.DataFrame:
    """Each pooled model's external Overall against the mean of its uni models' (Table IV)."""
    rows = [
        {"model": pooled.label}
        | {metric.improvement: means.improvement(pooled, models, metric) for metric in METRICS}
        | pooled.group_keys
        | {"compared_with": ";".join(uni.label for uni in members(pooled, models))}
        for pooled in models
        if pooled.is_pooled
    ]
    return TABLE.frame(rows)


def print_improvements(rows: pd.DataFrame) -> Printed:
    """The improvements, the largest in bold if it is one: of two losses neither is."""
    metrics = [metric for metric in PRINTED_METRICS if metric.improvement in rows.columns]
    titles = {metric.improvement: metric.label for metric in metrics}
    printed = print_percent(rows, CAPTION, ["model"], titles, best_is_high=True)
    columns = list(titles)
    bold = {(row, place) for row, place in printed.bold if rows[columns[place - 1]].iloc[row] > 0}
    note = "Positive: the pooled model is better. Bold: the largest improvement."
    return replace(printed, bold=bold, notes=[note], number="4")


def _why_empty(study: ScoredStudy, row: dict[str, Any], column: str) -> str:
    if not study.config.cohort.external:
        return NO_EXTERNAL
    pooled = next(model for model in study.models if model.label == row["model"])
    unis = members(pooled, study.models)
    if not unis:
        return "not every institution of this model has a uni-institution model in the grid"
    labels = [pooled.label, *(uni.label for uni in unis)]
    metric = next(metric for metric in METRICS if column == metric.improvement)
    return why_no_percentage(study, labels, "an external Overall", metric)


def _column(metric: Metric) -> Column:
    gain = "(pooled - uni)" if metric.higher_is_better else "(uni - pooled)"
    meaning = (
        f"External Overall {metric.label} against the mean of the uni models': 100 {gain} / uni"
    )
    return Column(metric.improvement, "number", meaning, "%")


TABLE = PrintedTable(
    name="tables/table4",
    title="External improvement of pooled training",
    key=("model",),
    columns=(
        MODEL,
        *(_column(metric) for metric in METRICS),
        *axes(GROUP_KEYS),
        Column(
            "compared_with",
            "string",
            "Uni models whose mean is the reference, parted by semicolons",
        ),
    ),
    sheets=improvement_sheets,
)
