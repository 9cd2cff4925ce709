"""mixed_model.csv: a linear mixed model of all scores at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from gfce.config import StudyConfig
from gfce.contract.columns import CI95_HIGH, CI95_LOW, N_PATIENTS, axes, probability
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.evaluation.tables import METRIC
from gfce.files import records
from gfce.statistics.methods.random_terms import RandomTerms, random_terms
from gfce.statistics.methods.reml import RemlFit, fit_reml, leaves_no_error, mixed_data
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.selection import where
from gfce.statistics.study_tables import StudyTable
from gfce.study import METHOD_KEYS


def mixed_models(study: ScoredStudy) -> pd.DataFrame:
    """mixed_model.csv: one model for each network and metric.

    score ~ normalization * training_set + institution + (1 | patient) + (1 | model:institution)
    + (1 | training_set:institution), fitted by restricted maximum likelihood (Laird and Ware 1982)
    to the patients' scores, seeds averaged; errors such as MAE on the log scale. Intervals and p
    are Student's with Satterthwaite's degrees of freedom (Kuznetsova et al. 2017). Factors are
    coded against their first level in the configuration. Besides the fixed effects there is a row
    `sd(...)` for each random term, and one for the error.
    """
    frames = [
        _fit(study, dict(zip(METHOD_KEYS, method, strict=True)), metric)
        for method in dict.fromkeys(model.method for model in study.models)
        for metric in METRICS
    ]
    return pd.concat(frames, ignore_index=True)


def _fit(study: ScoredStudy, keys: dict[str, str], metric: Metric) -> pd.DataFrame:
    scores = where(study.scores, keys)
    response = transformed(metric, scores[metric.name])
    known, response = scores[response.notna()], response.dropna()
    n_patients = len(known[["institution", "patient_id"]].drop_duplicates())
    common = {
        "metric": metric.name,
        "scale": "log" if is_log(metric) else "plain",
        **keys,
        "n_scores": len(known),
        "n_patients": n_patients,
        "n_institutions": known["institution"].nunique(),
    }
    design = design_matrix(study.config, known)
    reason = _obstacle(design, n_patients, response)
    rows = _no_fit(reason) if reason else _terms(design, random_terms(known), response)
    return TABLE.frame([row | common for row in rows])


def _no_fit(reason: str) -> list[dict[str, Any]]:
    return [{"term": "Intercept", "converged": False, "reason": reason}]


def is_log(metric: Metric) -> bool:
    """Whether a metric is analysed as its logarithm: errors from 0 upwards without a limit."""
    return metric.is_error and metric.largest is None


def transformed(metric: Metric, score: pd.Series[float]) -> pd.Series[float]:
    """The scores on the scale of the model; 0 has no logarithm, and counts as missing."""
    return score.where(score > 0).map(np.log) if is_log(metric) else score


def design_matrix(config: StudyConfig, scores: pd.DataFrame) -> pd.DataFrame:
    """Treatment-coded columns; a level without scores, and its interactions, has none."""
    columns: dict[str, Any] = {"Intercept": np.ones(len(scores))}
    normalization = _dummies(scores, "normalization", config.grid.normalizations)
    training_set = _dummies(scores, "training_set", list(config.training_sets()))
    columns |= normalization | training_set
    for (a, first), (b, second) in product(normalization.items(), training_set.items()):
        if (first * second).any():
            columns[f"{a}:{b}"] = first * second
    columns |= _dummies(scores, "institution", config.cohort.institutions)
    return pd.DataFrame(columns, index=scores.index)


def _dummies(scores: pd.DataFrame, factor: str, levels: Sequence[str]) -> dict[str, Any]:
    present = [level for level in levels if (scores[factor] == level).any()]
    return {
        f"{factor}[{level}]": (scores[factor] == level).to_numpy(float) for level in present[1:]
    }


def _obstacle(design: pd.DataFrame, n_patients: int, score: pd.Series[float]) -> str:
    if len(score) == 0:
        return "no scores"
    if n_patients < 2 or len(score) <= len(design.columns) + 1:
        return "too few scores for the number of terms"
    if n_patients == len(score):
        return "one score per patient: patient and error cannot be told apart"
    if np.linalg.matrix_rank(design.T @ design, hermitian=True) < len(design.columns):
        return "the terms cannot be told apart with the cells that are scored"
    if score.std(ddof=0) <= 1e-12 * score.abs().max():
        return "all scores are the same"
    return ""


def _terms(
    design: pd.DataFrame, random: RandomTerms, response: pd.Series[float]
) -> list[dict[str, Any]]:
    """The rows of a fit, or the one that says why there is none."""
    if not random.levels:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in random.left_out.items())
        return _no_fit(f"nothing that is random can be told from error ({reasons})")
    unit = float(response.std(ddof=0))  # the optimiser works best with scores of the order of one
    values = np.asarray(response, dtype=np.float64) / unit
    data = mixed_data(design.to_numpy(np.float64), values, random.institution, random.levels)
    if leaves_no_error(data):
        return _no_fit("no fit: the terms describe every score, no error is left")
    fit = fit_reml(data)
    spread = dict(zip(random.levels, fit.variances, strict=True)) | {"residual": fit.error_variance}
    rows = _fixed_rows(list(design.columns), fit, unit)
    rows += [{"term": f"sd({name})", "estimate": unit * v**0.5} for name, v in spread.items()]
    state = {"converged": fit.converged, "reason": _remarks(fit, random)}
    return [row | state for row in rows]


def _fixed_rows(terms: list[str], fit: RemlFit, unit: float) -> list[dict[str, Any]]:
    ratio = fit.fixed / fit.se
    half: NDArray[np.float64] = student.ppf(0.975, fit.df) * fit.se
    columns = {
        "estimate": unit * fit.fixed,
        "se": unit * fit.se,
        "ci95_low": unit * (fit.fixed - half),
        "ci95_high": unit * (fit.fixed + half),
        "df": fit.df,
        "z": ratio,
        "p": 2 * student.sf(np.abs(ratio), fit.df),
    }
    return records(pd.DataFrame({"term": terms, **columns}))


def _remarks(fit: RemlFit, random: RandomTerms) -> str:
    zero = [name for name, v in zip(random.levels, fit.variances, strict=True) if v == 0]
    remarks = [f"singular: sd({name}) is 0" for name in zero]
    remarks += [f"no term {name}: {why}" for name, why in random.left_out.items()]
    if not fit.converged:
        remarks.append("not at a minimum: no degrees of freedom, interval or p")
    return "; ".join(remarks)


TABLE = StudyTable(
    name="statistics/mixed_model",
    title="Linear mixed model of all scores",
    key=(*METHOD_KEYS, "metric", "term"),
    columns=(
        Column(
            "term",
            "string",
            "Term of the model; sd(...): standard deviations of the random terms, of which "
            "residual is the error",
        ),
        METRIC,
        Column(
            "estimate",
            "number",
            "Estimate (restricted maximum likelihood); on the log scale 0.01 is about 1 %",
            UNIT_OF_METRIC,
        ),
        Column("se", "number", "Standard error", UNIT_OF_METRIC, minimum=0),
        CI95_LOW,
        CI95_HIGH,
        Column("z", "number", "estimate / se: Student's t with df degrees of freedom"),
        probability("p", "Two-sided p of z (Student's t)"),
        *axes(METHOD_KEYS),
        Column("n_scores", "integer", "Number of scores (patient and model)", minimum=0),
        N_PATIENTS,
        Column("converged", "boolean", "Whether the likelihood is at its maximum"),
        Column(
            "reason",
            "string",
            "Why there is no fit, which random terms are 0 or cannot be told apart; empty: "
            "nothing to say",
        ),
        Column("df", "number", "Degrees of freedom (Satterthwaite)", minimum=0),
        Column(
            "scale",
            "string",
            "log: of the logarithm of the score, exp(estimate) is a factor; plain: of the score",
            allowed=("log", "plain"),
        ),
        Column("n_institutions", "integer", "Number of institutions", minimum=0),
    ),
    make=mixed_models,
)
