"""Scores by institution and patient, and what follows from the institutions' means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gfce.contract.columns import OVERALL
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.statistics.arithmetic import Means, Place, overall
from gfce.statistics.design import Model

Array = NDArray[np.float64]
Quantities = Callable[[Means[Array]], Sequence[Array]]
"""Numbers that follow from the means: with means that are arrays of replicates, arrays."""


@dataclass(frozen=True)
class Sample:
    """Whom a number is made of.

    Attributes:
        n_patients: of all institutions together.
        sizes: of each institution, the smallest number of patients that a mean is of.
    """

    n_patients: int
    sizes: Mapping[str, int]

    @property
    def n_institutions(self) -> int:
        """Number of institutions that have any patient."""
        return sum(size > 0 for size in self.sizes.values())

    @property
    def smallest(self) -> int:
        """The smallest number of patients that a mean of one institution is of."""
        return min(self.sizes.values(), default=0)


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

    def sample(self, metric: Metric, places: Iterable[tuple[Model, str]]) -> Sample:
        """The patients behind the means of these models at these institutions."""
        by_institution: dict[str, list[int]] = {}
        for model, name in places:
            if name in self.known:
                column = self.columns[model.label, metric.name]
                by_institution.setdefault(name, []).append(column)
        return Sample(
            n_patients=sum(self._count(*at) for at in by_institution.items()),
            sizes={
                name: min(self._known_per_column[name][column] for column in columns)
                for name, columns in by_institution.items()
            },
        )

    def _count(self, name: str, columns: list[int]) -> int:
        """Patients of an institution with a score in any of these columns."""
        counts = [self._known_per_column[name][column] for column in columns]
        if max(counts) == len(self.known[name]):
            return max(counts)
        return int(self.known[name][:, columns].any(axis=1).sum())

    @cached_property
    def _known_per_column(self) -> dict[str, list[int]]:
        return {name: known.sum(axis=0).tolist() for name, known in self.known.items()}

    @cached_property
    def columns(self) -> dict[tuple[str, str], int]:
        """The column of a model's label and a metric's name."""
        names = [(model.label, metric.name) for model in self.models for metric in self.metrics]
        return {name: number for number, name in enumerate(names)}

    @cached_property
    def known(self) -> dict[str, NDArray[np.bool_]]:
        """Which scores there are."""
        return {name: np.isfinite(matrix) for name, matrix in self.matrices.items()}

    @property
    def sizes(self) -> dict[str, int]:
        """Number of patients of each institution."""
        return {name: len(matrix) for name, matrix in self.matrices.items()}

    def scores_of(self, institution: str, model: Model, metric: Metric) -> Array:
        """One model's scores of one metric at an institution (patient,), NaN where missing."""
        matrix = self.matrices.get(institution)
        if matrix is None:
            return np.empty(0)
        return matrix[:, self.columns[model.label, metric.name]]

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


@dataclass(frozen=True)
class Estimator:
    """Numbers that follow from the patients' means, of the patients as they are and otherwise."""

    patients: Patients
    quantities: Quantities

    @cached_property
    def observed(self) -> dict[str, Array]:
        """The means of each institution, (1, model and metric)."""
        return {name: means_of(matrix)[None] for name, matrix in self.patients.matrices.items()}

    @cached_property
    def has_interval(self) -> NDArray[np.bool_]:
        """Which numbers are known and rest on no mean of fewer than two patients."""
        means = {
            name: np.where(known.sum(axis=0) >= 2, self.observed[name], np.nan)
            for name, known in self.patients.known.items()
        }
        return np.isfinite(self._values(means)[:, 0])

    @cached_property
    def estimates(self) -> Array:
        """The numbers that may have an interval, of the patients as they are."""
        return self.values({})[:, 0]

    @cached_property
    def all_estimates(self) -> Array:
        """All numbers, of the patients as they are; NaN where a mean is not known."""
        return self._values(self.observed)[:, 0]

    def values(self, changed: dict[str, Array]) -> Array:
        """(number that may have an interval, replicate), some institutions' means being replicates.

        Args:
            changed: of these institutions, (replicate, model and metric).
        """
        return self._values(self.observed | changed)[self.has_interval]

    def values_of_each(self, changed: dict[str, Array]) -> dict[str, Array]:
        """What `values` has of each of these institutions alone, evaluated together."""
        ends = np.cumsum([len(array) for array in changed.values()])
        starts = dict(zip(changed, [0, *ends[:-1]], strict=True))
        stacked = {name: np.repeat(mean, ends[-1], 0) for name, mean in self.observed.items()}
        for name, array in changed.items():
            stacked[name][starts[name] : starts[name] + len(array)] = array
        parts = np.split(self.values(stacked), ends[:-1], axis=1)
        return dict(zip(changed, parts, strict=True))

    def _values(self, means: dict[str, Array]) -> Array:
        count = max(len(array) for array in means.values())
        values = self.quantities(self.patients.means(means))
        return np.array([np.broadcast_to(value, count) for value in values])

    def among(self, values: Sequence[float]) -> Array:
        """The values of the numbers that may have an interval."""
        return np.asarray(values, dtype=float)[self.has_interval]

    def placed(self, values: Array) -> Array:
        """A value for every number; NaN for those without an interval."""
        everywhere = np.full(len(self.has_interval), np.nan)
        everywhere[self.has_interval] = values
        return everywhere


def means_of(matrix: Array) -> Array:
    """Mean of each column's known scores; NaN where there are none."""
    known = np.isfinite(matrix)
    count = known.sum(axis=0)
    total = np.where(known, matrix, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
