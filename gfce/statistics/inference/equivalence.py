"""Does a pooled model keep the accuracy of single-institution training? Two one-sided tests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from gfce.contract.columns import (
    MEAN_DIFFERENCE,
    MODEL_A,
    MODEL_B,
    N_DROPPED,
    OVERALL,
    REASON,
    SCOPE,
    N,
)
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.evaluation.tables import METRIC
from gfce.statistics.design import Model, members
from gfce.statistics.inference.paired_tests import ROUNDING, holm
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable

Vector = NDArray[np.floating[Any]]
LEVEL = 0.05


def equivalence_tests(study: ScoredStudy) -> pd.DataFrame:
    """equivalence.csv: each pooled model against the uni model of each of its institutions.

    On that institution's internal test patients, and (scope Overall) on all of them, each patient
    set against the uni model of the own institution. Equivalent: p_holm < 0.05, Holm over the
    tests of one metric.
    """
    settings = study.config.statistics
    margins = {m: settings.equivalence_margin(m.name) for m in METRICS if m.margin}
    rows = [
        {"metric": metric.name, "model_a": pooled.label, "margin": margin}
        | names
        | tost(difference, margin)
        | {"n_dropped": dropped}
        for metric, margin in margins.items()
        for pooled in study.models
        for names, difference, dropped in _differences(study, pooled, metric)
    ]
    table = TABLE.frame(rows)
    table["p"] = table["p"].astype(float)
    table["p_holm"] = table.groupby("metric", sort=False)["p"].transform(holm)
    known = table["p_holm"].notna()
    table["equivalent"] = (table["p_holm"] < LEVEL).astype(object).where(known, None)
    return table


def _differences(
    study: ScoredStudy, pooled: Model, metric: Metric
) -> Iterator[tuple[dict[str, str], Vector, int]]:
    """Scope and model b, the known differences of its patients, and how many are not known."""
    by_patient = study.scores.set_index(["model", "institution", "patient_id"])[metric.name]
    all_differences: list[Vector] = []
    unis = members(pooled, study.models) if pooled.is_pooled else []
    for uni in unis:
        institution = uni.internal[0]
        a, b = (_of(by_patient, model.label, institution) for model in (pooled, uni))
        difference = (a - b).to_numpy(float)
        all_differences.append(difference)
        known = difference[np.isfinite(difference)]
        yield {"scope": institution, "model_b": uni.label}, known, len(difference) - len(known)
    if unis:
        difference = np.concatenate(all_differences)
        known = difference[np.isfinite(difference)]
        labels = ";".join(uni.label for uni in unis)
        yield {"scope": OVERALL, "model_b": labels}, known, len(difference) - len(known)


def _of(by_patient: pd.Series[float], model: str, institution: str) -> pd.Series[float]:
    names = by_patient.index
    chosen = (names.get_level_values("model") == model) & (
        names.get_level_values("institution") == institution
    )
    return by_patient[chosen].droplevel(["model", "institution"])


def tost(difference: Vector, margin: float) -> dict[str, Any]:
    """Two one-sided t-tests (Schuirmann 1987) that the mean difference lies within ± margin.

    p_lower: against a mean of at most -margin; p_upper: against one of at least +margin; p is the
    larger. It is below 0.05 exactly if the 90 % interval lies within the margins.
    """
    n = len(difference)
    test: dict[str, Any] = {"n": n, "reason": ""}
    if n:
        test["mean_difference"] = difference.mean()
    if n < 2:
        return test | {"reason": "fewer than two patients: no test"}
    if difference.std(ddof=1) <= ROUNDING * max(np.abs(difference).max(), margin):
        p = 0.0 if abs(difference.mean()) < margin else 1.0
        sides = dict.fromkeys(["p_lower", "p_upper", "p"], p)
        return test | sides | {"reason": "the difference is the same in every patient"}
    lower = stats.ttest_1samp(difference, -margin, alternative="greater")
    upper = stats.ttest_1samp(difference, margin, alternative="less")
    half = stats.t.ppf(0.95, n - 1) * difference.std(ddof=1) / math.sqrt(n)
    return test | {
        "ci90_low": difference.mean() - half,
        "ci90_high": difference.mean() + half,
        "p_lower": float(lower.pvalue),
        "p_upper": float(upper.pvalue),
        "p": float(max(lower.pvalue, upper.pvalue)),
    }


def _p(name: str, meaning: str) -> Column:
    return Column(name, "number", meaning, minimum=0, maximum=1)


TABLE = StudyTable(
    name="statistics/equivalence",
    title="Whether pooled training keeps internal accuracy",
    key=("metric", "scope", "model_a"),
    columns=(
        METRIC,
        SCOPE,
        MODEL_A,
        MODEL_B,
        N,
        MEAN_DIFFERENCE,
        Column(
            "margin",
            "number",
            "Largest difference that counts as the same, from the configuration",
            UNIT_OF_METRIC,
            minimum=0,
        ),
        Column(
            "ci90_low",
            "number",
            "Lower bound of the 90 % confidence interval of mean_difference",
            UNIT_OF_METRIC,
        ),
        Column(
            "ci90_high",
            "number",
            "Upper bound of the 90 % confidence interval of mean_difference",
            UNIT_OF_METRIC,
        ),
        _p("p_lower", "One-sided p against a mean difference of at most -margin"),
        _p("p_upper", "One-sided p against a mean difference of at least +margin"),
        _p("p", "The larger of the two"),
        _p("p_holm", "p adjusted by Holm over the tests of the metric"),
        Column("equivalent", "boolean", "Whether p_holm is below 0.05"),
        N_DROPPED,
        REASON,
    ),
    make=equivalence_tests,
)
