"""Bootstrap intervals of whatever follows from the institutions' means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gfce.contract.columns import OVERALL
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.statistics.arithmetic import Means, Place, overall
from gfce.statistics.design import Model
from gfce.statistics.inference.bca import interval

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Quantities = Callable[[Means[Array]], Sequence[Array]]
"""Numbers that follow from the means: with means that are arrays of replicates, arrays."""
BATCH = 2000
"""Resamples that are held in memory at a time."""


@dataclass(frozen=True)
class Patients:
    """Scores of all models and metrics on the test patients, institution by institution."""

    models: list[Model]
    matrices: dict[str, Array]
    """Of each institution: (patient, model and metric), NaN where a score is missing."""
    metrics: Sequence[Metric] = METRICS

    @classmethod
    def of(
        cls, scores: pd.DataFrame, models: Sequence[Model], metrics: Sequence[Metric] = METRICS
    ) -> Patients:
        """Take `aggregate.patient_scores`."""
        names = [metric.name for metric in metrics]
        indexed = scores.set_index(["institution", "patient_id", "model"])[names]
        columns = [(name, model.label) for model in models for name in names]
        wide = (
            pd.DataFrame(indexed.unstack("model"))  # noqa: PD010 - pivot_table would average
            .reindex(columns=pd.MultiIndex.from_tuples(columns))
            .sort_index()
        )
        matrices = {
            str(name): block.to_numpy(float) for name, block in wide.groupby(level="institution")
        }
        return cls(list(models), matrices, metrics)

    @property
    def sizes(self) -> dict[str, int]:
        """Number of patients of each institution."""
        return {name: len(matrix) for name, matrix in self.matrices.items()}

    def observed(self) -> Means[Array]:
        """The means of the patients as they are, arrays of a single replicate."""
        return self.means({name: _means(matrix)[None] for name, matrix in self.matrices.items()})

    def means(self, by_institution: dict[str, Array]) -> Means[Array]:
        """The means of each institution as a look-up, with their Overalls.

        Args:
            by_institution: of each institution, (replicate, model and metric).
        """
        columns = [(model, metric) for model in self.models for metric in self.metrics]
        means: dict[Place, Array] = {}
        for number, (model, metric) in enumerate(columns):
            replicates = {name: array[..., number] for name, array in by_institution.items()}
            means |= _with_overall(model, metric, replicates)
        return Means(means)


def _with_overall(model: Model, metric: Metric, means: dict[str, Array]) -> dict[Place, Array]:
    """A model's means of one metric by institution, and their Overalls; NaN where one is absent."""
    unknown = np.full(np.shape(next(iter(means.values()))), np.nan)
    placed: dict[Place, Array] = {}
    for cohort, names in (("internal", model.internal), ("external", model.external)):
        values = [means.get(name, unknown) for name in names]
        for name, value in zip(names, values, strict=True):
            placed[model.label, name, cohort, metric.mean] = value
        if values:
            placed[model.label, OVERALL, cohort, metric.mean] = overall(values)
    return placed


def bca_intervals(
    patients: Patients, quantities: Quantities, resamples: int, seed: int
) -> tuple[Array, Array]:
    """95 % intervals of all quantities at once, NaN where there is none.

    Patients are drawn with replacement within their institution, because the institutions are
    fixed by design, and with all their scores, because the models are tested on the same ones.
    Of n patients n - 1 are drawn: drawing n makes the variance of a stratum's mean too small by
    (n - 1) / n, which matters for the few patients of an institution (Rao and Wu 1988). The
    intervals are those of `gfce.statistics.inference.bca`. A quantity that depends on an
    institution with a single patient has no interval: its spread is unknown.
    """
    has_interval = np.isfinite(_point(patients, quantities))
    low, high = np.full((2, len(has_interval)), np.nan)
    if not has_interval.any():
        return low, high
    observed = {name: _means(matrix)[None] for name, matrix in patients.matrices.items()}

    def values(changed: dict[str, Array]) -> Array:
        """(quantity, replicate), where the means of these institutions are replicates."""
        count = len(next(iter(changed.values())))
        others = {n: np.repeat(m, count, 0) for n, m in observed.items() if n not in changed}
        return np.array(quantities(patients.means(others | changed)))[has_interval]

    drawn = _resamples(patients, resamples, np.random.default_rng(seed))
    replicates = np.concatenate([values(means) for means in drawn], axis=-1)
    jackknife = [values({name: means}) for name, means in _without_one(patients)]
    low[has_interval], high[has_interval] = interval(values(observed)[:, 0], replicates, jackknife)
    return low, high


def _resamples(
    patients: Patients, resamples: int, rng: np.random.Generator
) -> Iterator[dict[str, Array]]:
    """Means (replicate, model and metric) of the institutions that can be drawn from."""
    sizes = {name: size for name, size in patients.sizes.items() if size > 1}
    for start in range(0, resamples, BATCH):
        indices = _draw(sizes.values(), min(BATCH, resamples - start), rng)
        yield {
            name: _resampled_means(patients.matrices[name], index)
            for name, index in zip(sizes, indices, strict=True)
        }


def _draw(sizes: Iterable[int], resamples: int, rng: np.random.Generator) -> list[Indices]:
    return [rng.integers(0, size, (resamples, size - 1)) for size in sizes]


def _without_one(patients: Patients) -> Iterator[tuple[str, Array]]:
    """Of each institution, its means without each of its patients in turn."""
    for name, size in patients.sizes.items():
        if size > 1:
            others = np.nonzero(~np.eye(size, dtype=bool))[1].reshape(size, size - 1)
            yield name, _resampled_means(patients.matrices[name], others)


def _point(patients: Patients, quantities: Quantities) -> Array:
    """The quantities of the patients as they are; NaN where a mean is of fewer than two."""
    means = {
        name: np.where(np.isfinite(matrix).sum(axis=0) >= 2, _means(matrix), np.nan)[None]
        for name, matrix in patients.matrices.items()
    }
    return np.array([float(np.ravel(value)[0]) for value in quantities(patients.means(means))])


def _means(matrix: Array) -> Array:
    return _resampled_means(matrix, np.arange(len(matrix)))[0]


def _resampled_means(matrix: Array, indices: NDArray[np.intp]) -> Array:
    """Means (replicate, column) over the patients that each row of `indices` draws.

    A matrix product of how often each patient is drawn with the scores. Missing scores are left
    out; where a draw has none but missing ones, the mean of all patients stands in.
    """
    flat = indices.reshape(-1, indices.shape[-1])
    size = len(matrix)
    offsets = np.arange(len(flat))[:, None] * size
    drawn = np.bincount((flat + offsets).ravel(), minlength=len(flat) * size)
    counts = drawn.reshape(len(flat), size).astype(float)
    known = np.isfinite(matrix)
    if known.all():
        return counts @ matrix / flat.shape[1]
    total, number = counts @ np.where(known, matrix, 0.0), counts @ known
    sums, sizes = np.where(known, matrix, 0.0).sum(axis=0), known.sum(axis=0)
    all_patients = np.divide(sums, sizes, out=np.full(len(sums), np.nan), where=sizes > 0)
    return np.divide(total, number, out=np.tile(all_patients, (len(flat), 1)), where=number > 0)
