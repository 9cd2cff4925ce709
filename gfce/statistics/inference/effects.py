"""Drops, improvements and differences of drops, and their intervals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from gfce.contract.columns import OVERALL
from gfce.contract.table import Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.files import records
from gfce.statistics.arithmetic import Means, N
from gfce.statistics.design import Model, uni_groups
from gfce.statistics.inference.bootstrap import Patients, bca_intervals
from gfce.statistics.scored_study import ScoredStudy

BOOTSTRAP = "BCa bootstrap"
NO_INTERVAL = "none"
METHOD = Column("method", "string", "How the interval was made", allowed=(BOOTSTRAP, NO_INTERVAL))


@dataclass(frozen=True)
class Effect(ABC):
    """A percentage that follows from the means of some models."""

    metric: Metric

    @abstractmethod
    def value(self, means: Means[N], grid: Sequence[Model]) -> N:
        """The percentage; `grid` holds all models of the study."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What stands in the column `model`."""

    @property
    @abstractmethod
    def group_keys(self) -> dict[str, str]:
        """What its models have in common, by column."""

    @property
    def columns(self) -> dict[str, str]:
        """What a row about it says of it."""
        return {"model": self.label, "metric": self.metric.name, **self.group_keys}


@dataclass(frozen=True)
class _EffectOfModel(Effect):
    """An effect of one model."""

    model: Model

    @property
    def label(self) -> str:
        """The model's label."""
        return self.model.label

    @property
    def group_keys(self) -> dict[str, str]:
        """Those of the model."""
        return self.model.group_keys


@dataclass(frozen=True)
class Drop(_EffectOfModel):
    """What a model loses from internal to external test."""

    def value(self, means: Means[N], grid: Sequence[Model]) -> N:
        """A cell of Table V."""
        return means.drop(self.model, self.metric)


@dataclass(frozen=True)
class Improvement(_EffectOfModel):
    """What a pooled model gains over its uni models, externally."""

    def value(self, means: Means[N], grid: Sequence[Model]) -> N:
        """A cell of Table IV."""
        return means.improvement(self.model, grid, self.metric)


@dataclass(frozen=True)
class OverallDrop(Effect):
    """The mean of the drops of a group's uni models."""

    unis: tuple[Model, ...]

    def value(self, means: Means[N], grid: Sequence[Model]) -> N:
        """An Overall cell of Table V."""
        return means.overall_drop(self.unis, self.metric)

    @property
    def label(self) -> str:
        """Overall, as in table 5."""
        return OVERALL

    @property
    def group_keys(self) -> dict[str, str]:
        """Those of the uni models."""
        return self.unis[0].group_keys


@dataclass(frozen=True)
class Difference(Effect):
    """By how many percentage points the uni models of a second normalization drop less."""

    first: tuple[Model, ...]
    second: tuple[Model, ...]

    def value(self, means: Means[N], grid: Sequence[Model]) -> N:
        """The first Overall drop less the second."""
        first, second = (means.overall_drop(u, self.metric) for u in (self.first, self.second))
        return first - second

    @property
    def label(self) -> str:
        """Overall, as in table 5."""
        return OVERALL

    @property
    def group_keys(self) -> dict[str, str]:
        """Those of the second normalization."""
        return self.second[0].group_keys


def effects(grid: Sequence[Model]) -> list[Effect]:
    """Every model's drop, the Overall drops, the improvements, the differences of Overall drops."""
    return [effect for metric in METRICS for effect in _effects_of(grid, metric)]


def _effects_of(grid: Sequence[Model], metric: Metric) -> list[Effect]:
    unis = [tuple(group) for group in uni_groups(grid)]
    return [
        *(Drop(metric, model) for model in grid),
        *(OverallDrop(metric, group) for group in unis if len(group) > 1),
        *(Improvement(metric, model) for model in grid if model.is_pooled),
        *(
            Difference(metric, first, second)
            for first, second in combinations(unis, 2)
            if first[0].method == second[0].method
        ),
    ]


def estimates(study: ScoredStudy, resamples: int | None = None) -> pd.DataFrame:
    """Each effect with its interval: columns effect, value, ci95_low, ci95_high, reason.

    The values are those of tables 4 and 5, to the last bit; the intervals are bootstrapped.

    Args:
        study: the scores.
        resamples: how many (None: as configured).
    """
    grid = study.models
    listed = effects(grid)
    values = np.array([float(effect.value(study.means, grid)) for effect in listed])
    patients = Patients.of(study.scores, grid)
    low, high = np.full(len(listed), np.nan), np.full(len(listed), np.nan)
    if patients.matrices:
        low, high = bca_intervals(
            patients,
            lambda replicates: [effect.value(replicates, grid) for effect in listed],
            resamples or study.config.statistics.bootstrap_resamples,
            study.config.seed,
        )
    reasons = [_reason(v, a, b) for v, a, b in zip(values, low, high, strict=True)]
    table = {"effect": listed, "value": values, "ci95_low": low, "ci95_high": high}
    return pd.DataFrame(table | {"reason": reasons})


def _reason(value: float, low: float, high: float) -> str:
    if np.isnan(value):
        return "not every mean that it needs is known, or it is a percentage of 0: see missing.csv"
    if np.isnan(low) or np.isnan(high):
        return "no interval: an institution has a single patient, or its scores have no spread"
    return ""


def rows_of(study: ScoredStudy, *kinds: type[Effect]) -> list[dict[str, Any]]:
    """The estimates of some kinds of effects as rows, with the columns of their effects."""
    return [
        row
        | row["effect"].columns
        | {"method": BOOTSTRAP if np.isfinite(row["ci95_low"]) else NO_INTERVAL}
        for row in records(study.once(estimates))
        if isinstance(row["effect"], kinds)
    ]
