"""Drops and improvements with intervals, and the paper's claims about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from gfce.config import StudyConfig
from gfce.files import records
from gfce.statistics.aggregation import OVERALL, Scores, overall, uni_groups
from gfce.statistics.bootstrap import Patients, bca_intervals
from gfce.statistics.design import METRICS, Metric, Model, members, models
from gfce.statistics.tables import study_rows

DROP_COLUMNS = [
    "model", "metric", "internal_mean", "external_mean", "drop_pct", "ci95_low", "ci95_high",
    "method", "network", "normalization", "reason",
]  # fmt: skip
IMPROVEMENT_COLUMNS = [
    "model", "metric", "uni_external_mean", "external_mean", "improvement_pct", "ci95_low",
    "ci95_high", "method", "network", "normalization", "reason",
]  # fmt: skip
METHOD = "BCa bootstrap"


@dataclass(frozen=True)
class Effect:
    """A percentage that follows from the means: of one model, or of a group of models."""

    kind: str
    """drop, improvement, or difference (of Overall drops)."""
    metric: Metric
    models: tuple[Model, ...]
    """The model; for an Overall drop the uni models; for a difference those of both groups."""

    @property
    def label(self) -> str:
        """What stands in the column `model`."""
        return self.models[0].label if len(self.models) == 1 else OVERALL

    def value(self, scores: Scores, grid: Sequence[Model]) -> Any:
        """The percentage."""
        if self.kind == "improvement":
            return scores.improvement(self.models[0], grid, self.metric)
        if self.kind == "drop":
            return scores.overall_drop(self.models, self.metric)
        first, second = uni_groups(self.models)
        return scores.overall_drop(first, self.metric) - scores.overall_drop(second, self.metric)


def effects(grid: Sequence[Model]) -> list[Effect]:
    """Every model's drop, the Overall drops, the improvements, the differences of Overall drops."""
    return [effect for metric in METRICS for effect in _effects_of(grid, metric)]


def _effects_of(grid: Sequence[Model], metric: Metric) -> list[Effect]:
    unis = uni_groups(grid)
    found = [Effect("drop", metric, (model,)) for model in grid]
    found += [Effect("drop", metric, tuple(group)) for group in unis if len(group) > 1]
    found += [Effect("improvement", metric, (model,)) for model in grid if model.is_pooled]
    found += [
        Effect("difference", metric, (*first, *second))
        for first, second in combinations(unis, 2)
        if first[0].network == second[0].network
    ]
    return found


def estimates(
    config: StudyConfig, scores: pd.DataFrame, resamples: int | None = None
) -> pd.DataFrame:
    """Each effect with its interval: columns effect, value, ci95_low, ci95_high, reason.

    The values are those of tables 4 and 5, to the last bit; the intervals are bootstrapped.

    Args:
        config: the study.
        scores: `aggregation.patient_scores`.
        resamples: how many (None: as configured).
    """
    grid = models(config)
    wanted = effects(grid)
    means = Scores.of_rows(study_rows(config, scores))
    values = np.array([float(effect.value(means, grid)) for effect in wanted])
    patients = Patients.of(scores, grid)
    low, high = np.full(len(wanted), np.nan), np.full(len(wanted), np.nan)
    if patients.matrices:
        low, high = bca_intervals(
            patients,
            lambda replicates: [effect.value(replicates, grid) for effect in wanted],
            resamples or config.statistics.bootstrap_resamples,
            config.seed,
        )
    reasons = [_reason(v, a, b) for v, a, b in zip(values, low, high, strict=True)]
    table = {"effect": wanted, "value": values, "ci95_low": low, "ci95_high": high}
    return pd.DataFrame(table | {"reason": reasons})


def _reason(value: float, low: float, high: float) -> str:
    if np.isnan(value):
        return "not every mean that it needs is known, or it is a percentage of 0: see missing.csv"
    if np.isnan(low) or np.isnan(high):
        return "no interval: an institution has a single patient, or its scores have no spread"
    return ""


def drop_intervals(config: StudyConfig, scores: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """drops.csv: the drop of every model, uni and pooled, and Overall of the uni models.

    Args:
        config: the study.
        scores: `aggregation.patient_scores`.
        found: `estimates` of them.
    """
    means = Scores.of_rows(study_rows(config, scores))
    rows = []
    for row in _rows(found, "drop"):
        model, metric = row["effect"].models[0], row["effect"].metric
        if len(row["effect"].models) == 1:
            row["internal_mean"] = means.internal(model, metric)
            row["external_mean"] = means.external(model, metric)
        else:
            row["reason"] = (
                row["reason"] or "no means: the drop is the mean of the uni models' drops"
            )
        rows.append(row | {"drop_pct": row["value"]})
    return pd.DataFrame(rows, columns=DROP_COLUMNS)


def improvement_intervals(
    config: StudyConfig, scores: pd.DataFrame, found: pd.DataFrame
) -> pd.DataFrame:
    """improvements.csv: what each pooled model gains over its uni models, externally."""
    grid = models(config)
    means = Scores.of_rows(study_rows(config, scores))
    rows = []
    for row in _rows(found, "improvement"):
        model, metric = row["effect"].models[0], row["effect"].metric
        unis = [means.external(uni, metric) for uni in members(model, grid)]
        row["uni_external_mean"] = overall(unis)
        row["external_mean"] = means.external(model, metric)
        rows.append(row | {"improvement_pct": row["value"]})
    return pd.DataFrame(rows, columns=IMPROVEMENT_COLUMNS)


def _rows(found: pd.DataFrame, kind: str) -> list[dict[str, Any]]:
    rows = [row for row in records(found) if row["effect"].kind == kind]
    return [row | _columns(row["effect"], np.isfinite(row["ci95_low"])) for row in rows]


def _columns(effect: Effect, has_interval: bool) -> dict[str, Any]:
    return {
        "model": effect.label,
        "metric": effect.metric.name,
        "method": METHOD if has_interval else "none",
        "network": effect.models[0].network,
        "normalization": effect.models[0].normalization,
    }
