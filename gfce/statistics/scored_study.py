"""A study with its scores: what every table and test is made of, each part computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from gfce.config import StudyConfig
from gfce.memoising import Memoising
from gfce.statistics.arithmetic import Means, means_of_rows
from gfce.statistics.design import Model, models
from gfce.statistics.tables.aggregate import (
    institution_rows,
    patient_scores,
    with_overall_rows,
)
from gfce.steps import Task
from gfce.study import CROSS, TABLED_COHORTS


@dataclass(frozen=True, eq=False)
class ScoredStudy(Memoising):
    """A study and the choice of its scores that is analysed.

    What several tables need, such as the paired tests, they get by `once`. Scores of the cohort
    `cross` are in none of `metrics`, `scores`, `rows` and `means`: who wants them asks for
    `cross_scores`.

    Attributes:
        config: the study.
        all_metrics: rows of metrics.csv, of all cohorts.
        unusable: results that do not fit the study, and why.
        scaling: of the scores (None: the configured one).
        region: of the scores.
        seed: of the scores (None: the mean over the seeds).
    """

    config: StudyConfig
    all_metrics: pd.DataFrame
    unusable: Mapping[Task, str] = field(default_factory=dict)
    scaling: str | None = None
    region: str = "volume"
    seed: int | str | None = None

    @cached_property
    def models(self) -> list[Model]:
        """The models of the grid."""
        return models(self.config)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Rows of metrics.csv of the cohorts that tables and tests are about."""
        return self._of_cohorts(*TABLED_COHORTS)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row per model and patient (`aggregate.patient_scores`)."""
        return self._patient_scores(self.metrics)

    @cached_property
    def cross_scores(self) -> pd.DataFrame:
        """The same of the development institutions that a model was not trained on."""
        return self._patient_scores(self._of_cohorts(CROSS))

    def _of_cohorts(self, *names: str) -> pd.DataFrame:
        return self.all_metrics[self.all_metrics["cohort"].isin(names)]

    def _patient_scores(self, metrics: pd.DataFrame) -> pd.DataFrame:
        scaling = self.scaling or self.config.evaluation.scaling
        return patient_scores(metrics, scaling, self.region, self.seed)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Rows of tables 2 and 3 for all models of the grid, Overall rows included."""
        return with_overall_rows(institution_rows(self.scores, self.models))

    @cached_property
    def means(self) -> Means[float]:
        """The means of these rows."""
        return means_of_rows(self.rows)
