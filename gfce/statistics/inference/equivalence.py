"""Does a pooled model keep the accuracy of single-institution training?

Equivalence: two one-sided tests that it is neither better nor worse by a margin. Non-inferiority:
one of the two, that it is not worse by it, which is what the claim asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gfce.contract.columns import (
    MEAN_DIFFERENCE,
    MODEL_A,
    MODEL_B,
    N_DROPPED,
    OVERALL,
    REASON,
    SCOPE,
    N,
    probability,
)
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.evaluation.tables import METRIC
from gfce.statistics.arithmetic import overall
from gfce.statistics.design import Model, members
from gfce.statistics.inference.paired_tests import holm
from gfce.statistics.methods.student import ROUNDING, Mean, Vector
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable

LEVEL = 0.05
VERDICTS = (
    ("p", "p_holm", "equivalent"),
    ("p_noninferior", "p_noninferior_holm", "noninferior"),
)
"""Columns of a p, of the adjusted one, and of what follows from it."""


def equivalence_tests(study: ScoredStudy) -> pd.DataFrame:
    """equivalence.csv: each pooled model against the uni model of each of its institutions.

    On that institution's internal test patients, and (scope Overall) on those of all institutions,
    each patient set against the uni model of the own one, institutions with the same weight.
    Equivalent: p_holm < 0.05, non-inferior: p_noninferior_holm < 0.05, each with Holm over the
    tests of one metric.
    """
    settings = study.config.statistics
    margins = {m: settings.equivalence_margin(m.name) for m in METRICS if m.margin}
    rows = [
        {"metric": metric.name, "model_a": pooled.label, "margin": margin}
        | names
        | _row(differences, margin, metric)
        for metric, margin in margins.items()
        for pooled in study.models
        for names, differences in _scopes(study, pooled, metric)
    ]
    table = TABLE.frame(rows)
    for p, adjusted, verdict in VERDICTS:
        table[p] = table[p].astype(float)
        table[adjusted] = table.groupby("metric", sort=False)[p].transform(holm)
        known = table[adjusted].notna()
        table[verdict] = (table[adjusted] < LEVEL).astype(object).where(known, None)
    return table


def _scopes(
    study: ScoredStudy, pooled: Model, metric: Metric
) -> Iterator[tuple[dict[str, str], dict[str, Vector]]]:
    """Scope and model b, and by institution the differences of its patients, NaN if not known."""
    by_patient = study.scores.set_index(["model", "institution", "patient_id"])[metric.name]
    everywhere: dict[str, Vector] = {}
    unis = members(pooled, study.models) if pooled.is_pooled else []
    for uni in unis:
        institution = uni.internal[0]
        a, b = (_of(by_patient, model.label, institution) for model in (pooled, uni))
        everywhere[institution] = np.asarray(a - b, np.float64)
        names = {"scope": institution, "model_b": uni.label}
        yield names, {institution: everywhere[institution]}
    if unis:
        yield {"scope": OVERALL, "model_b": ";".join(uni.label for uni in unis)}, everywhere


def _of(by_patient: pd.Series[float], model: str, institution: str) -> pd.Series[float]:
    names = by_patient.index
    chosen = (names.get_level_values("model") == model) & (
        names.get_level_values("institution") == institution
    )
    return by_patient[chosen].droplevel(["model", "institution"])


def _row(differences: Mapping[str, Vector], margin: float, metric: Metric) -> dict[str, Any]:
    """The tests of a scope: that the pooled model is the same, and that it is not worse."""
    known = {name: values[np.isfinite(values)] for name, values in differences.items()}
    n = sum(map(len, known.values()))
    row: dict[str, Any] = {"n": n, "n_dropped": sum(map(len, differences.values())) - n}
    if all(map(len, known.values())):
        row["mean_difference"] = overall([float(values.mean()) for values in known.values()])
    if few := [name for name, values in known.items() if len(values) < 2]:
        return row | {"reason": f"fewer than two patients of {', '.join(few)}: no test"}
    tests = tost(list(known.values()), margin)
    side = "p_lower" if metric.higher_is_better else "p_upper"
    return row | tests | {"p_noninferior": tests[side]}


def tost(strata: Sequence[Vector], margin: float) -> dict[str, Any]:
    """Two one-sided t-tests (Schuirmann 1987) that the mean difference lies within ± margin.

    p_lower: against a mean of at most -margin; p_upper: against one of at least +margin; p is the
    larger. It is below 0.05 exactly if the 90 % interval lies within the margins. One of the two
    sides alone is the test of non-inferiority (Piaggio et al. 2012): p_lower where a higher score
    is better, p_upper where a lower one is.

    Args:
        strata: differences of each institution's patients, at least two of each (patient,); the
            mean is `student.Mean.of` them.
        margin: the largest difference that counts as the same, in the score's unit.
    """
    largest = max(np.abs(difference).max() for difference in strata)
    if all(d.std(ddof=1) <= ROUNDING * max(largest, margin) for d in strata):
        value = overall([float(difference.mean()) for difference in strata])
        lower, upper = (0.0 if side < margin else 1.0 for side in (-value, value))
        sides = {"p_lower": lower, "p_upper": upper, "p": max(lower, upper)}
        return sides | {"reason": "the difference is the same in every patient"}
    mean = Mean.of(strata)
    low, high = mean.interval(0.90)
    lower, upper = mean.p_above(-margin), mean.p_below(margin)
    sides = {"p_lower": lower, "p_upper": upper, "p": max(lower, upper)}
    return sides | {"ci90_low": low, "ci90_high": high, "reason": ""}


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
        probability("p_lower", "One-sided p against a mean difference of at most -margin"),
        probability("p_upper", "One-sided p against a mean difference of at least +margin"),
        probability("p", "The larger of the two"),
        probability("p_holm", "p adjusted by Holm over the tests of the metric"),
        Column("equivalent", "boolean", "Whether p_holm is below 0.05"),
        probability(
            "p_noninferior",
            "One-sided p against a pooled model that is worse by the margin: p_lower where higher "
            "scores are better, p_upper where lower ones are",
        ),
        probability(
            "p_noninferior_holm", "p_noninferior adjusted by Holm over the tests of the metric"
        ),
        Column("noninferior", "boolean", "Whether p_noninferior_holm is below 0.05"),
        N_DROPPED,
        REASON,
    ),
    make=equivalence_tests,
)
