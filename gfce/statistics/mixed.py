"""A linear mixed model of all scores at once."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMResults

from gfce.config import StudyConfig
from gfce.statistics.design import METRICS, Metric

COLUMNS = [
    "term", "metric", "estimate", "se", "ci95_low", "ci95_high", "z", "p", "network", "n_scores",
    "n_patients", "converged", "reason",
]  # fmt: skip
OPTIMIZERS = ["lbfgs", "bfgs", "powell", "cg"]
"""Tried in turn until one converges."""


def mixed_models(config: StudyConfig, scores: pd.DataFrame) -> pd.DataFrame:
    """mixed_model.csv: one model for each network and metric.

    score = Intercept + normalization * training set + institution + (1 | patient) + error, fitted
    by restricted maximum likelihood (Laird and Ware 1982) to the patients' scores, seeds averaged.
    Factors are coded against their first level in the configuration. Besides the fixed effects
    there are two rows `sd(patient)` and `sd(residual)`, the SDs of the random parts.
    """
    frames = [
        _fit(config, scores[scores["network"] == network], network, metric)
        for network in config.grid.networks
        for metric in METRICS
    ]
    return pd.concat(frames, ignore_index=True)


def _fit(config: StudyConfig, scores: pd.DataFrame, network: str, metric: Metric) -> pd.DataFrame:
    known = scores[scores[metric.name].notna()]
    groups = known["institution"] + "/" + known["patient_id"]
    common = {
        "metric": metric.name,
        "network": network,
        "n_scores": len(known),
        "n_patients": groups.nunique(),
    }
    design = design_matrix(config, known)
    reason = _obstacle(design, groups, known[metric.name])
    rows = [] if reason else _terms(design, groups, known[metric.name])
    rows = rows or [{"term": "Intercept", "converged": False, "reason": reason}]
    return pd.DataFrame([row | common for row in rows], columns=COLUMNS)


def design_matrix(config: StudyConfig, scores: pd.DataFrame) -> pd.DataFrame:
    """Treatment-coded columns; a level without scores, and its interactions, has none."""
    columns: dict[str, Any] = {"Intercept": np.ones(len(scores))}
    normalization = _dummies(scores, "normalization", config.grid.normalizations)
    training_set = _dummies(scores, "training_set", list(config.training_sets()))
    columns |= normalization | training_set
    for one, first in normalization.items():
        for other, second in training_set.items():
            if (first * second).any():
                columns[f"{one}:{other}"] = first * second
    institutions = [*config.cohort.development, *config.cohort.external]
    columns |= _dummies(scores, "institution", institutions)
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
