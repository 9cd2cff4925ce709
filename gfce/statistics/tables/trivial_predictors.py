"""The trivial predictors beside the models: what a network must beat to have learnt anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gfce.contract.columns import COHORT, MODEL, OVERALL, TESTING, N
from gfce.evaluation.metrics import METRICS, TESTED_METRICS
from gfce.evaluation.tables import BASELINES_TABLE, PREDICTOR
from gfce.statistics.design import Model
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.statistics.tables.aggregate import SCORE_KEYS, mean_column, with_overall_rows
from gfce.statistics.tables.read import read_optional
from gfce.statistics.tables.received import received_baselines
from gfce.steps import Task
from gfce.study import Results

PREDICTORS = {"t1w": "T1w itself", "mean_ce": "mean CE intensity"}
"""The trivial predictors, as they are called in a footnote."""
_UNTESTED = {metric.name for metric in METRICS if not metric.tested}
FOOTNOTE_METRIC = TESTED_METRICS[0]
REQUIRED = [name for name in BASELINES_TABLE.names if name not in _UNTESTED]
"""Columns of baselines.csv that are needed."""


def trivial_predictors(study: ScoredStudy) -> pd.DataFrame | None:
    """Each trivial predictor's scores on each model's test patients, Overall rows included.

    None where the predictors are not scored, or where their scores do not fit the study.
    """
    scores = study.once(baseline_scores)
    if scores is None:
        return None
    tables = [_predictor_rows(scores, study.models, predictor) for predictor in PREDICTORS]
    return pd.concat(tables, ignore_index=True)[TABLE.names]


def baseline_scores(study: ScoredStudy) -> pd.DataFrame | None:
    """Rows of baselines.csv in the study's scaling, those of merged institutions among them.

    Scores that are not finite are missing. None where the predictors are not scored, or where
    their scores do not fit the study.
    """
    path = Results(study.config).baselines
    baselines = None if Task("baselines") in study.unusable else read_optional(path, REQUIRED)
    if baselines is None:
        return None
    if len(received := received_baselines(study.config)):
        baselines = pd.concat([baselines, received], ignore_index=True)
    of_scaling = baselines[baselines["scaling"] == study.config.evaluation.scaling]
    return of_scaling.replace([np.inf, -np.inf], np.nan)


def comparable_scores(scores: pd.DataFrame, model: Model, predictor: str) -> pd.DataFrame:
    """The rows of `baseline_scores` that a model is set against.

    They are of the institutions of its rows in tables 2 and 3, so none is of the cohort `cross`. An
    empty normalization or training_set means that the row stands for all of them.
    """
    return scores[
        (scores["predictor"] == predictor)
        & scores["institution"].isin([name for name, _ in model.institutions()])
        & _is_or_empty(scores["normalization"], model.cell.normalization)
        & _is_or_empty(scores["training_set"], model.cell.training_set)
    ]


def _predictor_rows(scores: pd.DataFrame, models: Sequence[Model], predictor: str) -> pd.DataFrame:
    rows = [row for model in models for row in _model_rows(scores, model, predictor)]
    table = pd.DataFrame(rows, columns=[name for name in TABLE.names if name != "predictor"])
    return with_overall_rows(table).assign(predictor=predictor)


def _model_rows(scores: pd.DataFrame, model: Model, predictor: str) -> Iterator[dict[str, Any]]:
    comparable = comparable_scores(scores, model, predictor)
    for name, cohort in model.institutions():
        patients = comparable[comparable["institution"] == name]
        means = {metric.mean: patients[metric.name].mean() for metric in TESTED_METRICS}
        n = patients["patient_id"].nunique()
        yield {"model": model.label, "testing": name, "cohort": cohort, "n": n} | means


def _is_or_empty(column: pd.Series[str], value: str) -> pd.Series[bool]:
    return column.isna() | (column == "") | (column == value)


def footnote(rows: pd.DataFrame, predictors: pd.DataFrame, models: Sequence[Model]) -> str:
    """One line: the internal mean of each model and, on the same patients, of the predictors.

    Args:
        rows: the models' rows of table 2 or 3.
        predictors: `trivial_predictors`.
        models: those of the table.
    """
    parts = [_compare(rows, predictors, model) for model in models]
    return (
        f"Internal {FOOTNOTE_METRIC.title} of model / "
        + " / ".join(PREDICTORS.values())
        + " on the same patients: "
        + "; ".join(parts)
        + "."
    )


def _compare(rows: pd.DataFrame, predictors: pd.DataFrame, model: Model) -> str:
    testing = OVERALL if model.is_pooled else model.internal[0]
    values = [_internal_mean(rows[rows["model"] == model.label], testing)]
    comparable = predictors[predictors["model"] == model.label]
    values += [
        _internal_mean(comparable[comparable["predictor"] == predictor], testing)
        for predictor in PREDICTORS
    ]
    return f"{model.label} " + " / ".join(values)


def _internal_mean(rows: pd.DataFrame, testing: str) -> str:
    metric = FOOTNOTE_METRIC
    is_internal = (rows["testing"] == testing) & (rows["cohort"] == "internal")
    value = rows.loc[is_internal, metric.mean].mean()
    return "–" if pd.isna(value) else f"{value * metric.print_factor:.{metric.decimals}f}"


TABLE = StudyTable(
    name="tables/trivial_predictors",
    title="Scores per institution of the trivial predictors",
    key=("predictor", *SCORE_KEYS),
    columns=(
        MODEL,
        PREDICTOR,
        TESTING,
        COHORT,
        N,
        *(mean_column(metric) for metric in TESTED_METRICS),
    ),
    make=trivial_predictors,
)
