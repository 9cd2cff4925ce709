"""skill.csv: the drop adjusted for difficulty, by skill scores against T1w itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gfce.contract.columns import CI95_HIGH, CI95_LOW, MODEL, REASON, axes
from gfce.contract.table import Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS, metric_named
from gfce.evaluation.tables import METRIC
from gfce.files import records
from gfce.statistics.arithmetic import Means, N, overall
from gfce.statistics.design import Model
from gfce.statistics.inference.intervals import METHOD, intervals
from gfce.statistics.methods.patients import Array, Estimator, Patients
from gfce.statistics.questions import TRANSFER
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.statistics.tables.trivial_predictors import baseline_scores, comparable_scores
from gfce.study import GROUP_KEYS, Results

REFERENCE = "t1w"
"""The predictor that skill is measured against: how far an institution's T1w is from its CE."""
ERRORS = tuple(metric for metric in TESTED_METRICS if not metric.higher_is_better)
"""Metrics with skill: of an error, which is 0 at best."""
QUANTITIES = ("skill_internal", "skill_external", "skill_drop")


def skill(study: ScoredStudy) -> pd.DataFrame | None:
    """Skill of each model inside and outside, and what it loses, with bootstrap intervals.

    None where the trivial predictors are not scored, or their scores do not fit the study: then
    `tabulate` has written no tables/trivial_predictors.csv.
    """
    written = Results(study.config).table("trivial_predictors", "csv").exists()
    baselines = study.once(baseline_scores) if written else None
    if baselines is None:
        return None
    references = [_reference(model) for model in study.models]
    scores = pd.concat([study.scores, *_reference_scores(baselines, study.models)])
    patients = Patients.of(scores, [*study.models, *references], ERRORS)
    asked = [(model, metric) for metric in ERRORS for model in study.models]
    found = (np.reshape(part, (-1, len(QUANTITIES))) for part in _estimates(study, patients, asked))
    rows = zip(asked, *found, strict=True)
    return TABLE.frame([_row(*each, *of_each) for each, *of_each in rows])


def _reference(model: Model) -> Model:
    """T1w itself, as the bootstrap takes it: a model that is tested where the model is."""
    return replace(model, label=f"T1w itself beside {model.label}")


def _reference_scores(baselines: pd.DataFrame, models: Sequence[Model]) -> list[pd.DataFrame]:
    names, patient = [metric.name for metric in ERRORS], ["institution", "patient_id"]
    return [
        comparable_scores(baselines, model, REFERENCE)
        .groupby(patient, as_index=False)[names]
        .mean()
        .assign(model=_reference(model).label)
        for model in models
    ]


def _estimates(
    study: ScoredStudy, patients: Patients, asked: Sequence[tuple[Model, Metric]]
) -> tuple[Array, Array, Array, list[str]]:
    """Values, bounds and methods of `QUANTITIES` of each model and metric."""
    estimator = Estimator(
        patients,
        lambda means: [value for model, metric in asked for value in _skills(means, model, metric)],
    )
    samples = [
        patients.sample(metric, [(model, name) for name in names])
        for model, metric in asked
        for names in (model.internal, model.external, (*model.internal, *model.external))
    ]
    resamples = study.config.statistics.bootstrap_resamples
    low, high, method = intervals(estimator, samples, resamples, study.config.seed)
    known = estimator.all_estimates if patients.matrices else np.full(len(samples), np.nan)
    return known, low, high, method


def _skills(means: Means[N], model: Model, metric: Metric) -> tuple[N, N, N]:
    internal = _mean_skill(means, model, "internal", model.internal, metric)
    external = _mean_skill(means, model, "external", model.external, metric)
    return internal, external, internal - external


def _mean_skill(
    means: Means[N], model: Model, cohort: str, institutions: Sequence[str], metric: Metric
) -> N:
    """The unweighted mean over institutions of 1 - mean score / mean score of T1w (Murphy 1988).

    Each institution by its own reference, and then their mean: of pooled scores a part of the skill
    would be the institutions' differing difficulty (Hamill and Juras 2006).
    """
    reference = _reference(model)
    skills = []
    for name in institutions:
        own, other = (means.at(m, name, cohort, metric) for m in (model, reference))
        with np.errstate(divide="ignore", invalid="ignore"):
            skills.append(1 - own / other)
    return overall(skills)


def _row(
    model: Model, metric: Metric, values: Array, low: Array, high: Array, methods: Sequence[str]
) -> dict[str, Any]:
    row: dict[str, Any] = {"model": model.label, "metric": metric.name, **model.group_keys}
    for name, value, *bounds in zip(QUANTITIES, values, low, high, strict=True):
        row |= {name: value} | dict(zip(_bounds(name), bounds, strict=True))
    return row | {"method": methods[-1], "reason": _reason(values, low)}


def _bounds(name: str) -> tuple[str, str]:
    """The columns of a quantity's interval."""
    prefix = "" if name == QUANTITIES[-1] else f"{name}_"
    return f"{prefix}ci95_low", f"{prefix}ci95_high"


def _reason(values: Array, low: Array) -> str:
    if np.isnan(values).any():
        return "needs scores of the model and of T1w at every institution, inside and outside"
    if np.isnan(low).any():
        return "no interval: an institution has a single patient, or its scores have no spread"
    return ""


def skill_text(table: pd.DataFrame) -> str:
    """A line of Markdown for each metric: which models lose skill outside, and the most of all."""
    lines = [_sentence(str(name), rows) for name, rows in table.groupby("metric", sort=False)]
    return "".join(f"- {line}\n" for line in lines)


def _sentence(name: str, rows: pd.DataFrame) -> str:
    known = rows[rows["skill_drop"].notna()]
    label = metric_named(name).label
    text = f"Difficulty-adjusted drop (skill: 1 - {label} / {label} of T1w itself): "
    if known.empty:
        return text + f"not known: {rows['reason'].iloc[0]}"
    lost = int((known["ci95_low"] > 0).sum())
    most = records(known.sort_values("skill_drop", kind="stable"))[-1]
    text += f"a loss of skill outside is shown for {lost} of {len(rows)} models; the largest is "
    text += f"{most['model']}'s, from {most['skill_internal']:.2f} to {most['skill_external']:.2f}"
    if math.isnan(most["ci95_low"]):
        return text + " (no interval)"
    return text + f", by {most['skill_drop']:.2f} [{most['ci95_low']:.2f}, {most['ci95_high']:.2f}]"


def _columns(name: str, meaning: str) -> list[Column]:
    low, high = (
        replace(bound, name=column, meaning=f"{bound.meaning} of {name}", unit="1")
        for bound, column in zip((CI95_LOW, CI95_HIGH), _bounds(name), strict=True)
    )
    return [Column(name, "number", meaning, "1"), low, high]


TABLE = StudyTable(
    name="statistics/skill",
    title="Drop of skill against T1w itself: adjusted for the institutions' difficulty",
    key=("model", "metric"),
    columns=(
        MODEL,
        METRIC,
        *_columns(
            QUANTITIES[0],
            "Mean over the model's institutions of 1 - mean score / mean score of T1w itself",
        ),
        *_columns(QUANTITIES[1], "The same over the external institutions"),
        *_columns(QUANTITIES[2], "skill_internal - skill_external; positive: worse outside"),
        METHOD,
        *axes(GROUP_KEYS),
        REASON,
    ),
    make=skill,
    answers={TRANSFER: skill_text},
)
