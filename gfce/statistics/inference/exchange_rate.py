"""exchange_rate.csv: how many patients of one's own are worth as much as pooling hospitals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gfce.contract.columns import CI95_HIGH, CI95_LOW, MODEL, OVERALL, REASON, axes
from gfce.contract.table import Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.evaluation.tables import METRIC
from gfce.files import records
from gfce.statistics.arithmetic import Means
from gfce.statistics.design import Model
from gfce.statistics.inference.exchange_curves import ALIKE, Curve, curves, references, resampled
from gfce.statistics.methods.exchange import Array, crossing, falling
from gfce.statistics.questions import REPAIRS
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable


def exchange_rates(study: ScoredStudy) -> pd.DataFrame | None:
    """A row for each curve, pooled model of its network and normalization, and metric.

    Bounds are percentiles over resamples (`exchange_curves.resampled`); a number of patients that
    is larger than all that were tried counts as infinite.
    """
    if not (found := curves(study)):
        return None
    means = study.once(resampled)
    rows = [
        _row(curve, pooled, metric, *means)
        for metric in TESTED_METRICS
        for curve in found
        for pooled in references(curve, study.models)
    ]
    return TABLE.frame(rows) if rows else None


def _row(
    curve: Curve, pooled: Model, metric: Metric, observed: Means[Array], replicates: Means[Array]
) -> dict[str, Any]:
    x = np.array(list(curve.members), dtype=float)
    (found,) = _crossings(curve, pooled, metric, observed, x)
    drawn = _crossings(curve, pooled, metric, replicates, x)
    low, high = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf")
    return {
        **curve.alike,
        "model": curve.label,
        "reference": pooled.label,
        "metric": metric.name,
        "repairs": curve.repairs,
        "patients_tried": ";".join(str(int(count)) for count in x[1:]),
        "patients": _known(found),
        "ci95_low": _known(low),
        "ci95_high": _known(high),
        "reason": _reason(found, low, high, int(x[-1])),
    }


def _crossings(curve: Curve, pooled: Model, metric: Metric, means: Means[Array], x: Array) -> Array:
    values = metric.loss_sign * curve.values(means, metric)
    level = np.broadcast_to(metric.loss_sign * means.external(pooled, metric), len(values))
    met = crossing(x, falling(values), level)
    return np.where(np.isfinite(values).all(axis=1) & np.isfinite(level), met, np.nan)


def _known(count: float) -> float:
    return float(count) if np.isfinite(count) else np.nan


def _reason(found: float, low: float, high: float, most: int) -> str:
    if np.isnan(found) or np.isnan(low):
        return "a model is not scored at every external institution"
    beyond = {"patients": found, "ci95_low": low, "ci95_high": high}
    names = [name for name, value in beyond.items() if np.isinf(value)]
    return f"{', '.join(names)}: more than the {most} that were tried" if names else ""


def exchange_text(table: pd.DataFrame) -> str:
    """A line for each mean curve (each curve where there is one model) of the first metric."""
    first = table[table["metric"] == TESTED_METRICS[0].name]
    chosen = first[first["model"] == OVERALL] if (first["model"] == OVERALL).any() else first
    return "".join(_line(row) for row in records(chosen))


def _line(row: dict[str, Any]) -> str:
    most = str(row["patients_tried"]).rpartition(";")[2]
    found, low, high = (
        f"more than {most}" if np.isnan(row[name]) else f"{row[name]:.1f}"
        for name in ("patients", "ci95_low", "ci95_high")
    )
    return (
        f"- Patients of one's own that are worth as much as {row['reference']} (external MAE, "
        f"{row['normalization']}, {row['model']}): {found} [{low}, {high}] (exchange_rate.csv)\n"
    )


TABLE = StudyTable(
    name="statistics/exchange_rate",
    title="Patients of the other hospital that are worth as much as pooling",
    key=("network", "normalization", "model", "reference", "metric", "repairs"),
    columns=(
        *axes(ALIKE),
        MODEL,
        Column("reference", "string", "The pooled model that is to be equalled"),
        METRIC,
        Column("repairs", "string", "The repairs that were tried, parted by semicolons"),
        Column("patients_tried", "string", "Numbers of patients, parted by semicolons"),
        Column(
            "patients",
            "number",
            "Fewest patients of the other hospital whose model is no worse than the reference in "
            "the external Overall, on the line between the numbers tried (empty: see reason)",
            "1",
            minimum=0,
        ),
        Column(CI95_LOW.name, "number", "2.5th percentile over resamples of the patients", "1"),
        Column(CI95_HIGH.name, "number", "97.5th percentile over resamples of the patients", "1"),
        REASON,
    ),
    make=exchange_rates,
    answers={REPAIRS: exchange_text},
)
