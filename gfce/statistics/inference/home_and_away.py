"""Losses by transfer: the same patients' scores by models from elsewhere and by their own one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.statistics.design import Model
from gfce.statistics.methods.student import IDENTICAL, ROUNDING, Mean, t_test
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.aggregate import Scores, by_institution

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Block = Mapping[str, Vector]
"""Scores of one metric on an institution's held-out patients by model label (empty: nobody)."""


@dataclass(frozen=True)
class Match:
    """The held-out patients of an institution, its own model and models from elsewhere.

    Attributes:
        home: the model that is trained on the institution and on no other.
        away: models of the same group that are not trained on it.
    """

    home: Model
    away: tuple[Model, ...]

    @property
    def institution(self) -> str:
        """Where the patients are from."""
        return self.home.internal[0]


def matches(group: Sequence[Model]) -> list[Match]:
    """For each single-institution model the other ones that come as guests (family H)."""
    unis = [model for model in group if not model.is_pooled]
    found = [Match(home, _guests(unis, home)) for home in unis]
    return [match for match in found if match.away]


def pairs(group: Sequence[Model]) -> list[Match]:
    """Each of them with one guest at a time, pooled models among these (family H-pair)."""
    unis = [model for model in group if not model.is_pooled]
    return [Match(home, (guest,)) for home in unis for guest in _guests(group, home)]


def _guests(models: Iterable[Model], home: Model) -> tuple[Model, ...]:
    return tuple(model for model in models if home.internal[0] in model.cross)


@dataclass(frozen=True)
class Loss:
    """By how much scores are worse away than at home; NaN where it is not defined.

    Attributes:
        n: patients.
        n_dropped: patients whom a model lacks a score of.
        mean_home: mean score at home over the patients.
        mean_away: the same of the models from elsewhere, and over these.
        loss: mean over patients of the loss, on the scale of `on_loss_scale`.
        low: lower bound of its 95 % interval.
        high: upper bound.
        t: of the test that it is 0.
        df: degrees of freedom.
        p: two-sided.
        reason: why something is not defined.
    """

    n: int
    n_dropped: int = 0
    mean_home: float = math.nan
    mean_away: float = math.nan
    loss: float = math.nan
    low: float = math.nan
    high: float = math.nan
    t: float = math.nan
    df: float = math.nan
    p: float = math.nan
    reason: str = ""


def on_loss_scale(scores: Matrix, metric: Metric) -> Matrix:
    """Scores such that larger is worse and a difference is a loss.

    Decibels are logarithms already and change their sign at most; of other scores it is the
    natural logarithm (Bland and Altman 1996, BMJ 312:1153). A score that is not positive has none
    and counts as missing, as the infinite PSNR of the same images does.
    """
    if is_decibel(metric):
        return metric.loss_sign * scores
    return metric.loss_sign * np.log(np.where(scores > 0, scores, np.nan))


def is_decibel(metric: Metric) -> bool:
    """Whether losses are differences in dB; of other metrics they are ratios."""
    return metric.unit == "dB"


def blocks(study: ScoredStudy) -> Iterator[tuple[Metric, Scores]]:
    """Of each tested metric the scores of each development institution's held-out patients."""
    both = pd.concat([study.scores, study.cross_scores], ignore_index=True)
    held_out = both[both["institution"].isin(study.config.cohort.development)]
    labels = [model.label for model in study.models]
    for metric in TESTED_METRICS:
        yield metric, by_institution(held_out, metric, labels)


def institution_loss(match: Match, block: Block, metric: Metric) -> tuple[Loss, Vector]:
    """The loss at one institution, and that of each patient whom all models have a score of.

    A patient's loss is the mean over the models from elsewhere of the difference on the scale of
    `on_loss_scale`: with ratios, the logarithm of the geometric mean of away / home.
    """
    nobody = np.array([])
    home = block.get(match.home.label, nobody)
    away = np.array([block.get(model.label, nobody) for model in match.away])
    losses = on_loss_scale(away, metric).mean(axis=0) - on_loss_scale(home, metric)
    known = np.isfinite(losses)
    n, n_scored = int(known.sum()), int((np.isfinite(home) | np.isfinite(away).any(axis=0)).sum())
    if n == 0:
        return Loss(0, n_scored, reason="no patient has a score of all models"), losses[known]
    found = Loss(
        n,
        n_scored - n,
        mean_home=float(home[known].mean()),
        mean_away=float(away[:, known].mean()),
        loss=float(losses[known].mean()),
    )
    if n == 1:
        return replace(found, reason="a single patient: no test"), losses[known]
    return _tested(found, [losses[known]]), losses[known]


def overall_loss(losses: Mapping[str, tuple[Loss, Vector]]) -> Loss:
    """The mean loss over institutions that are fixed and weigh the same.

    It says nothing of other institutions than these.

    Args:
        losses: of each institution what `institution_loss` returns.
    """
    parts = [part for part, _ in losses.values()]
    total = Loss(sum(part.n for part in parts), sum(part.n_dropped for part in parts))
    if without := [name for name, (part, _) in losses.items() if part.n == 0]:
        return replace(total, reason=f"no value for {', '.join(without)}")
    total = replace(
        total,
        mean_home=float(np.mean([part.mean_home for part in parts])),
        mean_away=float(np.mean([part.mean_away for part in parts])),
        loss=float(np.mean([part.loss for part in parts])),
    )
    if single := [name for name, (part, _) in losses.items() if part.n == 1]:
        return replace(total, reason=f"a single patient of {', '.join(single)}: no test")
    return _tested(total, [each for _, each in losses.values()])


def _tested(found: Loss, samples: Sequence[Vector]) -> Loss:
    """The interval and the test of a mean over k samples that weigh the same.

    With n_i losses of the SD s_i its variance is the sum of s_i^2 / n_i, divided by k^2, and t has
    Satterthwaite's (1946) degrees of freedom. For k = 1 that is Student's paired test (1908), for
    k = 2 Welch's (1947).
    """
    largest = max(float(np.abs(each).max()) for each in samples)
    if Mean.of(samples).se <= ROUNDING * max(1.0, largest):
        return _without_spread(found, largest, found.n - len(samples))
    test = t_test(samples)
    t, df, p = (test[name] for name in ("t", "df", "p"))
    return replace(found, low=test["ci95_low"], high=test["ci95_high"], t=t, df=df, p=p)


def _without_spread(found: Loss, largest: float, df: int) -> Loss:
    if largest > ROUNDING:
        return replace(found, reason="the loss is the same in every patient: t is not defined")
    return replace(found, loss=0.0, low=0.0, high=0.0, t=0.0, df=df, p=1.0, reason=IDENTICAL)
