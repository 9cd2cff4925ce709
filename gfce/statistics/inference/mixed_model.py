"""A linear mixed model of all scores at once."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMResults

from gfce.config import StudyConfig
from gfce.contract.columns import CI95_HIGH, CI95_LOW, N_PATIENTS, axes
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.evaluation.tables import METRIC
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.selection import where
from gfce.statistics.study_tables import StudyTable
from gfce.study import METHOD_KEYS

OPTIMIZERS = ["lbfgs", "bfgs", "powell", "cg"]
"""Tried in turn until one converges."""


def mixed_models(study: ScoredStudy) -> pd.DataFrame:
    """mixed_model.csv: one model for each network and metric.

    score = Intercept + normalization * training set + institution + (1 | patient) + error, fitted
    by restricted maximum likelihood (Laird and Ware 1982) to the patients' scores, seeds averaged.
    Factors are coded against their first level in the configuration. Besides the fixed effects
    there are two rows `sd(patient)` and `sd(residual)`, the SDs of the random parts.
    """
    frames = [
        _fit(study, dict(zip(METHOD_KEYS, method, strict=True)), metric)
        for method in dict.fromkeys(model.method for model in study.models)
        for metric in METRICS
    ]
    return pd.concat(frames, ignore_index=True)


def _fit(study: ScoredStudy, keys: dict[str, str], metric: Metric) -> pd.DataFrame:
    scores = where(study.scores, keys)
    known = scores[scores[metric.name].notna()]
    groups = known["institution"] + "/" + known["patient_id"]
    common = {
        "metric": metric.name,
        **keys,
        "n_scores": len(known),
        "n_patients": groups.nunique(),
    }
    design = design_matrix(study.config, known)
    reason = _obstacle(design, groups, known[metric.name])
    rows = [] if reason else _terms(design, groups, known[metric.name])
    rows = rows or [{"term": "Intercept", "converged": False, "reason": reason}]
    return TABLE.frame([row | common for row in rows])


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


def _obstacle(design: pd.DataFrame, groups: pd.Series[str], score: pd.Series[float]) -> str:
    if len(score) == 0:
        return "no scores"
    if groups.nunique() < 2 or len(score) <= len(design.columns) + 1:
        return "too few scores for the number of terms"
    if groups.nunique() == len(groups):
        return "one score per patient: patient and error cannot be told apart"
    if np.linalg.matrix_rank(design) < len(design.columns):
        return "the terms cannot be told apart with the cells that are scored"
    if score.std(ddof=0) <= 1e-12 * score.abs().max():
        return "all scores are the same"
    return ""


def _terms(
    design: pd.DataFrame, groups: pd.Series[str], score: pd.Series[float]
) -> list[dict[str, Any]]:
    unit = float(score.std(ddof=0))  # the optimiser works best with scores of the order of one
    fit, reason = _converge(design, groups, score / unit)
    if fit is None:
        return [{"term": "Intercept", "converged": False, "reason": reason}]
    interval = fit.conf_int()
    state = {"converged": bool(fit.converged), "reason": reason}
    fixed = [
        {
            "term": term,
            "estimate": unit * fit.fe_params[term],
            "se": unit * fit.bse_fe[term],
            "ci95_low": unit * interval.loc[term, 0],
            "ci95_high": unit * interval.loc[term, 1],
            "z": fit.tvalues[term],
            "p": fit.pvalues[term],
        }
        for term in design.columns
    ]
    spread = {"patient": float(fit.cov_re.iloc[0, 0]), "residual": float(fit.scale)}
    random = [{"term": f"sd({k})", "estimate": unit * max(v, 0) ** 0.5} for k, v in spread.items()]
    return [row | state for row in [*fixed, *random]]


def _converge(
    design: pd.DataFrame, groups: pd.Series[str], score: pd.Series[float]
) -> tuple[MixedLMResults | None, str]:
    """The fit of the first optimiser that converges, with what it warned of."""
    model, fit, warned = MixedLM(score, design, groups=groups), None, ""
    for optimizer in OPTIMIZERS:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                fit = model.fit(reml=True, method=optimizer)
            except np.linalg.LinAlgError:
                continue
        warned = "; ".join(dict.fromkeys(str(w.message).splitlines()[0] for w in caught))
        if fit.converged:
            break
    return fit, warned if fit is not None else "no optimiser got through: a singular matrix"


TABLE = StudyTable(
    name="statistics/mixed_model",
    title="Linear mixed model of all scores",
    key=(*METHOD_KEYS, "metric", "term"),
    columns=(
        Column(
            "term",
            "string",
            "Term of the model; sd(patient) and sd(residual): standard deviations of the random "
            "parts",
        ),
        METRIC,
        Column(
            "estimate",
            "number",
            "Estimate (restricted maximum likelihood)",
            UNIT_OF_METRIC,
        ),
        Column("se", "number", "Standard error", UNIT_OF_METRIC, minimum=0),
        CI95_LOW,
        CI95_HIGH,
        Column("z", "number", "estimate / se"),
        Column("p", "number", "Two-sided p of z (standard normal)", minimum=0, maximum=1),
        *axes(METHOD_KEYS),
        Column("n_scores", "integer", "Number of scores (patient and model)", minimum=0),
        N_PATIENTS,
        Column("converged", "boolean", "Whether an optimiser converged"),
        Column("reason", "string", "Why there is no fit, or what the optimiser warned of"),
    ),
    make=mixed_models,
)
