"""What models are ranked by: their Overalls on the external patients, and these patients' losses.

A loss is a score with the sign that makes less better, so that rank 1 is the smallest of all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.statistics.arithmetic import overall
from gfce.statistics.methods.bootstrap import Indices, resampled_means
from gfce.statistics.methods.patients import Array, Patients
from gfce.statistics.scored_study import ScoredStudy


@dataclass(frozen=True, eq=False)
class Ranking:
    """The models that compete by one metric: those with an Overall on the external patients.

    Attributes:
        metric: that they are ranked by.
        labels: of the competing models, in the grid's order.
        overalls: their external Overalls, as tables 2 and 3 print them (model).
        losses: of each external institution, the losses of the patients whom every competing
            model has a score of (patient, model).
        resampled: Overalls of bootstrap resamples, as losses (resample, model); without rows where
            an institution has fewer than two patients to draw from.
        n_dropped: external patients whom a competing model lacks.
    """

    metric: Metric
    labels: tuple[str, ...]
    overalls: Array
    losses: dict[str, Array]
    resampled: Array
    n_dropped: int = 0

    @property
    def overall_losses(self) -> Array:
        """The Overalls as losses (model)."""
        return self.metric.loss_sign * self.overalls

    @property
    def ranks(self) -> Indices:
        """The rank of each model; models with the same Overall share the better rank (model)."""
        return ranks_of(self.overall_losses)

    @property
    def order(self) -> Indices:
        """The models by rank, those of one rank in the grid's order (model)."""
        return np.argsort(self.ranks, kind="stable")

    @property
    def resampled_ranks(self) -> Indices:
        """The rank of each model in each resample (resample, model)."""
        return ranks_of(self.resampled)

    @property
    def all_losses(self) -> Array:
        """The losses of the patients of all institutions (patient, model)."""
        return np.concatenate([np.empty((0, len(self.labels))), *self.losses.values()])

    @property
    def reason(self) -> str:
        """Why there is nothing to rank, if so."""
        if not self.labels:
            return "no model has an external Overall: see missing.csv"
        return "a single model has an external Overall" if len(self.labels) == 1 else ""


def ranks_of(losses: Array) -> Indices:
    """1 + the number of models with a smaller loss, along the last axis."""
    return stats.rankdata(losses, method="min", axis=-1).astype(np.int64)


def rankings(study: ScoredStudy) -> list[Ranking]:
    """The ranking by each metric.

    All models of a study are tested on the same external patients, against the same real CE on
    its own [0, 1] scale: so networks, normalizations and training sets all compete.
    """
    scores = study.scores
    patients = Patients.of(scores[scores["cohort"] == "external"], study.models)
    by_institution = {name: _by_metric(m, study) for name, m in patients.matrices.items()}
    resampled = _resampled_overalls(study, patients)
    return [
        _ranking(study, metric, {n: m[..., k] for n, m in by_institution.items()}, resampled[k])
        for k, metric in enumerate(METRICS)
    ]


def _by_metric(matrix: Array, study: ScoredStudy) -> Array:
    """Columns (model and metric) parted: (row, model, metric)."""
    return matrix.reshape(len(matrix), len(study.models), len(METRICS))


def _resampled_overalls(study: ScoredStudy, patients: Patients) -> Array:
    """External Overalls (metric, resample, model), institutions of several patients alone."""
    rng = np.random.default_rng(study.config.seed)
    resamples = study.config.statistics.bootstrap_resamples
    overalls = [np.empty((0, len(study.models) * len(METRICS)))]
    if max(patients.sizes.values(), default=0) > 1:
        batches = resampled_means(patients, resamples, rng)
        overalls += [overall(list(means.values())) for means in batches]
    return np.moveaxis(_by_metric(np.concatenate(overalls), study), -1, 0)


def _ranking(
    study: ScoredStudy, metric: Metric, scores: dict[str, Array], resampled: Array
) -> Ranking:
    """The ranking by a metric.

    Args:
        study: the scores.
        metric: that models are ranked by.
        scores: of each institution (patient, model).
        resampled: Overalls (resample, model).
    """
    overalls = np.array([study.means.external(model, metric) for model in study.models])
    competing = np.isfinite(overalls)
    sign = metric.loss_sign
    known = {name: sign * matrix[:, competing] for name, matrix in scores.items()}
    losses = {name: m[np.isfinite(m).all(axis=1)] for name, m in known.items()}
    can_be_drawn = all((np.isfinite(matrix).sum(axis=0) > 1).all() for matrix in known.values())
    return Ranking(
        metric=metric,
        labels=tuple(m.label for m, has in zip(study.models, competing, strict=True) if has),
        overalls=overalls[competing],
        losses=losses,
        resampled=sign * resampled[: len(resampled) * can_be_drawn, competing],
        n_dropped=sum(len(known[name]) - len(losses[name]) for name in known),
    )
