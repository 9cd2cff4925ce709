"""rank_agreement.csv: whether two metrics rank the models alike."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gfce.contract.columns import REASON
from gfce.contract.table import Column
from gfce.evaluation.tables import METRIC
from gfce.statistics.inference.ranking import Ranking, rankings, ranks_of
from gfce.statistics.methods.kendall import AT_MOST, percentile_interval, tau_b, tau_column
from gfce.statistics.methods.patients import Array
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable


def rank_agreement(study: ScoredStudy) -> pd.DataFrame:
    """A row for each pair of metrics; over the models that have an external Overall of both."""
    return TABLE.frame([_row(a, b) for a, b in combinations(study.once(rankings), 2)])


def _row(a: Ranking, b: Ranking) -> dict[str, Any]:
    both = [label for label in a.labels if label in b.labels]
    row: dict[str, Any] = {"metric_a": a.metric.name, "metric_b": b.metric.name}
    row |= {"n_models": len(both)}
    if len(both) < 2:
        return row | {"reason": "fewer than two models have an external Overall of both metrics"}
    first, second = (_losses(ranking, both) for ranking in (a, b))
    tau = float(tau_b(first[0], second[0]))
    row |= {"tau": tau, "same_first": bool(_same_first(first[0], second[0]))}
    count = min(len(first), len(second))
    if count == 1:
        return row | {"reason": "not resampled: an institution has fewer than two patients"}
    low, high = percentile_interval(tau_b(first[1:count], second[1:count]))
    row |= {"bootstrap_low": low, "bootstrap_high": high}
    row |= {"same_first_share": _same_first(first[1:count], second[1:count]).mean()}
    return row | {"reason": "all models are tied by one of the metrics" if np.isnan(tau) else ""}


def _losses(ranking: Ranking, labels: list[str]) -> Array:
    """Overalls of these models as losses, the printed ones first (1 + resample, model)."""
    chosen = [ranking.labels.index(label) for label in labels]
    return np.vstack([ranking.overall_losses, ranking.resampled[:AT_MOST]])[:, chosen]


def _same_first(a: Array, b: Array) -> NDArray[np.bool_]:
    """Whether the same models are first by both (...)."""
    return np.asarray(((ranks_of(a) == 1) == (ranks_of(b) == 1)).all(axis=-1))


def _metric(name: str) -> Column:
    return replace(METRIC, name=name, meaning=f"Metric {name[-1]} of the pair")


TABLE = StudyTable(
    name="statistics/rank_agreement",
    title="Whether two metrics rank the models alike",
    key=("metric_a", "metric_b"),
    columns=(
        _metric("metric_a"),
        _metric("metric_b"),
        Column("n_models", "integer", "Models with an external Overall of both", minimum=0),
        tau_column("tau", "Kendall's tau-b of the two rankings; 1: the same, -1: reversed"),
        tau_column("bootstrap_low", "2.5th percentile of tau when patients are drawn again"),
        tau_column("bootstrap_high", "97.5th percentile of it; not a confidence interval"),
        Column("same_first", "boolean", "Whether the same model is first by both"),
        Column(
            "same_first_share",
            "number",
            "Share of the resamples in which it is",
            minimum=0,
            maximum=1,
        ),
        REASON,
    ),
    make=rank_agreement,
)
