"""Does a pooled model keep the accuracy of single-institution training? Two one-sided tests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from gfce.config import StudyConfig
from gfce.statistics.aggregation import OVERALL
from gfce.statistics.design import MAE, PSNR, Metric, Model, members, models
from gfce.statistics.paired import ROUNDING, holm

Vector = NDArray[np.floating[Any]]
LEVEL = 0.05
COLUMNS = [
    "metric", "scope", "model_a", "model_b", "n", "mean_difference", "margin", "ci90_low",
    "ci90_high", "p_lower", "p_upper", "p", "p_holm", "equivalent", "n_dropped", "reason",
]  # fmt: skip


def equivalence_tests(config: StudyConfig, scores: pd.DataFrame) -> pd.DataFrame:
    """equivalence.csv: each pooled model against the uni model of each of its institutions.

    On that institution's internal test patients, and (scope Overall) on all of them, each patient
    set against the uni model of the own institution. Equivalent: p_holm < 0.05, Holm over the
    tests of one metric.
    """
    margins = {
        MAE: config.statistics.equivalence_margin_mae,
        PSNR: config.statistics.equivalence_margin_psnr_db,
    }
    rows = [
        {"metric": metric.name, "model_a": pooled.label, "margin": margin}
        | names
        | tost(difference, margin)
        | {"n_dropped": dropped}
        for metric, margin in margins.items()
        for pooled in models(config)
        for names, difference, dropped in _differences(scores, pooled, models(config), metric)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["p"] = table["p"].astype(float)
    table["p_holm"] = table.groupby("metric", sort=False)["p"].transform(holm)
    known = table["p_holm"].notna()
    table["equivalent"] = (table["p_holm"] < LEVEL).astype(object).where(known, None)
    return table


def _differences(
    scores: pd.DataFrame, pooled: Model, grid: Sequence[Model], metric: Metric
) -> Iterator[tuple[dict[str, str], Vector, int]]:
    by_patient = scores.set_index(["model", "institution", "patient_id"])[metric.name]
    all_differences: list[Vector] = []
    unis = members(pooled, grid) if pooled.is_pooled else []
    for uni in unis:
        place = uni.internal[0]
        a, b = (_of(by_patient, model.label, place) for model in (pooled, uni))
        difference = (a - b).to_numpy(float)
        all_differences.append(difference)
        known = difference[np.isfinite(difference)]
        yield {"scope": place, "model_b": uni.label}, known, len(difference) - len(known)
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
    found: dict[str, Any] = {"n": n, "reason": ""}
    if n:
        found["mean_difference"] = difference.mean()
    if n < 2:
        return found | {"reason": "fewer than two patients: no test"}
    if difference.std(ddof=1) <= ROUNDING * max(np.abs(difference).max(), margin):
        p = 0.0 if abs(difference.mean()) < margin else 1.0
        sides = dict.fromkeys(["p_lower", "p_upper", "p"], p)
        return found | sides | {"reason": "the difference is the same in every patient"}
    lower = stats.ttest_1samp(difference, -margin, alternative="greater")
    upper = stats.ttest_1samp(difference, margin, alternative="less")
    half = stats.t.ppf(0.95, n - 1) * difference.std(ddof=1) / math.sqrt(n)
    return found | {
        "ci90_low": difference.mean() - half,
        "ci90_high": difference.mean() + half,
        "p_lower": float(lower.pvalue),
        "p_upper": float(upper.pvalue),
        "p": float(max(lower.pvalue, upper.pvalue)),
    }
