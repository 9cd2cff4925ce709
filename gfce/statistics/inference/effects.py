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
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.files import records
from gfce.statistics.arithmetic import Means, N
from gfce.statistics.design import Model, members, uni_groups, without_repair
from gfce.statistics.inference.intervals import intervals
from gfce.statistics.inference.scales import LOG_RATIO, PERCENT, Scale, own_scale
from gfce.statistics.methods.patients import Estimator, Patients
from gfce.statistics.scored_study import ScoredStudy


@dataclass(frozen=True)
class Effect(ABC):
    """A change that follows from the means of some models, on a scale."""

    metric: Metric
    scale: Scale

    @abstractmethod
    def value(self, means: Means[N], grid: Sequence[Model]) -> N:
        """How large it is; `grid` holds all models of the study."""

    @abstractmethod
    def places(self, grid: Sequence[Model]) -> list[tuple[Model, str]]:
        """The models and the institutions whose means it follows from."""

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
        return means.drop(self.model, self.metric, self.scale.change)

    def places(self, grid: Sequence[Model]) -> list[tuple[Model, str]]:
        """All that the model is tested on."""
        return _tested(self.model)


@dataclass(frozen=True)
class Improvement(_EffectOfModel):
    """What a pooled model gains over its uni models, externally."""

    def value(self, means: Means[N], grid: Sequence[Model]) -> N:
        """A cell of Table IV."""
        return means.improvement(self.model, grid, self.metric, self.scale.change)

    def places(self, grid: Sequence[Model]) -> list[tuple[Model, str]]:
        """The external institutions, of the model and of its uni models."""
        models = [self.model, *members(self.model, grid)]
        return [(model, name) for model in models for name in model.external]


@dataclass(frozen=True)
class RepairGain(_EffectOfModel):
    """What a repaired model gains over the same model without a repair, externally."""

    plain: Model

    def value(self, means: Means[N], grid: Sequence[Model]) -> N:
        """As a cell of Table IV, against the model without a repair."""
        return means.gain(self.plain, self.model, self.metric, self.scale.change)

    def places(self, grid: Sequence[Model]) -> list[tuple[Model, str]]:
        """The external institutions of both."""
        return [(model, name) for model in (self.model, self.plain) for name in model.external]


@dataclass(frozen=True)
class OverallDrop(Effect):
    """The mean of the drops of a group's uni models."""

    unis: tuple[Model, ...]

    def value(self, means: Means[N], grid: Sequence[Model]) -> N:
        """An Overall cell of Table V."""
        return means.overall_drop(self.unis, self.metric, self.scale.change)

    def places(self, grid: Sequence[Model]) -> list[tuple[Model, str]]:
        """All that the uni models are tested on."""
        return [place for uni in self.unis for place in _tested(uni)]

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
    """By how much the uni models of a second normalization drop less (in percent: points)."""

    first: tuple[Model, ...]
    second: tuple[Model, ...]

    def value(self, means: Means[N], grid: Sequence[Model]) -> N:
        """The first Overall drop less the second."""
        first, second = (
            means.overall_drop(unis, self.metric, self.scale.change)
            for unis in (self.first, self.second)
        )
        return first - second

    def places(self, grid: Sequence[Model]) -> list[tuple[Model, str]]:
        """All that the uni models of both are tested on."""
        return [place for uni in (*self.first, *self.second) for place in _tested(uni)]

    @property
    def label(self) -> str:
        """Overall, as in table 5."""
        return OVERALL

    @property
    def group_keys(self) -> dict[str, str]:
        """Those of the second normalization."""
        return self.second[0].group_keys


def _tested(model: Model) -> list[tuple[Model, str]]:
    return [(model, name) for name, _ in model.institutions()]


def effects(grid: Sequence[Model]) -> list[Effect]:
    """Every model's drop, the Overall drops, the improvements, the differences of Overall drops.

    Of each metric on two scales: in percent, then on its own.
    """
    return [
        effect
        for metric in METRICS
        for scale in (PERCENT, own_scale(metric))
        for effect in _effects_of(grid, metric, scale)
    ]


def _effects_of(grid: Sequence[Model], metric: Metric, scale: Scale) -> list[Effect]:
    unis = [tuple(group) for group in uni_groups(grid)]
    return [
        *(Drop(metric, scale, model) for model in grid),
        *(OverallDrop(metric, scale, group) for group in unis if len(group) > 1),
        *(Improvement(metric, scale, model) for model in grid if model.is_pooled),
        *(
            RepairGain(metric, scale, model, plain)
            for model in grid
            if model.is_repaired and (plain := without_repair(model, grid))
        ),
        *(
            Difference(metric, scale, first, second)
            for first, second in combinations(unis, 2)
            if first[0].method == second[0].method
        ),
    ]


def estimates(study: ScoredStudy, resamples: int | None = None) -> pd.DataFrame:
    """Each effect with its interval.

    Columns effect, value, ci95_low, ci95_high, method, reason, n_patients, n_institutions. In
    percent the values are those of tables 4 and 5, to the last bit.

    Args:
        study: the scores.
        resamples: how many (None: as configured).
    """
    grid = study.models
    listed = effects(grid)
    values = np.array([float(effect.value(study.means, grid)) for effect in listed])
    patients = Patients.of(study.scores, grid)
    places = [effect.places(grid) for effect in listed]
    samples = [patients.sample(e.metric, at) for e, at in zip(listed, places, strict=True)]
    estimator = Estimator(patients, lambda means: [e.value(means, grid) for e in listed])
    drawn = (resamples or study.config.statistics.bootstrap_resamples, study.config.seed)
    low, high, method = intervals(estimator, samples, *drawn)
    table = {
        "effect": listed,
        "value": values,
        "ci95_low": low,
        "ci95_high": high,
        "method": method,
        "reason": [_reason(*of) for of in zip(places, values, low, high, strict=True)],
        "n_patients": [sample.n_patients for sample in samples],
        "n_institutions": [sample.n_institutions for sample in samples],
    }
    return pd.DataFrame(table)


def _reason(places: list[tuple[Model, str]], value: float, low: float, high: float) -> str:
    if np.isnan(value) and not any(name in model.external for model, name in places):
        return "no external institution"
    if np.isnan(value):
        return "not every mean that it needs is known, or it is a share of 0: see missing.csv"
    if np.isnan(low) or np.isnan(high):
        return "no interval: an institution has a single patient, or its scores have no spread"
    return ""


def rows_of(study: ScoredStudy, *kinds: type[Effect]) -> list[dict[str, Any]]:
    """The estimates of some kinds of effects as rows, with the columns of their effects.

    A row has the effect in percent in `value`, and that on the metric's own scale in the columns
    of `scales.columns_of`.
    """
    rows = [row for row in records(study.once(estimates)) if isinstance(row["effect"], kinds)]
    percent = [row for row in rows if row["effect"].scale == PERCENT]
    own = [row for row in rows if row["effect"].scale != PERCENT]
    return [
        row | row["effect"].columns | _own_columns(other)
        for row, other in zip(percent, own, strict=True)
    ]


def _own_columns(row: dict[str, Any]) -> dict[str, float]:
    name = row["effect"].scale.name
    bounds = {f"{name}_{bound}": row[bound] for bound in ("ci95_low", "ci95_high")}
    ratio = {"ratio": float(np.exp(row["value"]))} if name == LOG_RATIO.name else {}
    return {name: row["value"]} | bounds | ratio
