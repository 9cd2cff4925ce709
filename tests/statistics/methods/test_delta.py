"""Delta-method intervals against scipy's t intervals and formulas of the books."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from samples_of_scores import study
from scipy import stats

from gfce.evaluation.metrics import METRICS
from gfce.evaluation.metrics.mae import METRIC as MAE
from gfce.statistics.arithmetic import Means
from gfce.statistics.design import models
from gfce.statistics.inference.scales import DIFFERENCE, LOG_RATIO, PERCENT, Scale
from gfce.statistics.methods.delta import delta_intervals
from gfce.statistics.methods.patients import Estimator, Patients

Array = NDArray[np.float64]
COHORT = {"dataset": "b", "development": ["Institution-1"], "external": ["Institution-4"]}
MODELS = models(study(cohort=COHORT, grid={"normalizations": ["min_max", "z_score"]}))
UNI, OTHER = (next(m for m in MODELS if m.label == label) for label in ("Uni-m1", "Uni-z1"))
INTERNAL = np.array([22.0, 25.0, 31.0])
EXTERNAL = np.array([36.0, 41.0, 39.0, 52.0])


def interval(
    internal: Array,
    external: Array,
    quantity: Callable[[Means[Array]], Array],
) -> tuple[float, float]:
    """Of a quantity of the MAE of these patients, (patient,) or (patient, model)."""
    matrices = {
        name: np.repeat(scores.reshape(len(scores), -1), len(METRICS), axis=1)
        for name, scores in (("Institution-1", internal), ("Institution-4", external))
    }
    listed = [UNI, OTHER][: internal.reshape(len(internal), -1).shape[1]]
    patients = Patients(listed, matrices)
    sample = patients.sample(MAE, [(m, name) for m in listed for name, _ in m.institutions()])
    low, high = delta_intervals(Estimator(patients, lambda means: [quantity(means)]), [sample])
    return low[0], high[0]


def drop(scale: Scale) -> Callable[[Means[Array]], Array]:
    return lambda means: means.drop(UNI, MAE, scale.change)


def by_hand(estimate: float, parts: list[float]) -> list[float]:
    """estimate -+ t sqrt(V), with Satterthwaite's df of the institutions' parts of V."""
    sizes = len(INTERNAL), len(EXTERNAL)
    df = sum(parts) ** 2 / sum(p**2 / (n - 1) for p, n in zip(parts, sizes, strict=True))
    reach = stats.t.ppf(0.975, df) * np.sqrt(sum(parts))
    return [estimate - reach, estimate + reach]


def test_a_difference_has_welchs_interval() -> None:
    test = stats.ttest_ind(EXTERNAL, INTERNAL, equal_var=False)
    expected = test.confidence_interval(0.95)
    assert interval(INTERNAL, EXTERNAL, drop(DIFFERENCE)) == pytest.approx(tuple(expected))


def test_a_percentage_worked_by_the_book() -> None:
    """Var(b / a) = (b / a)^2 (Var(a) / a^2 + Var(b) / b^2) of independent means a, b."""
    ratio = EXTERNAL.mean() / INTERNAL.mean()
    parts = [(100 * ratio) ** 2 * (x.var(ddof=1) / len(x)) / x.mean() ** 2 for x in both()]
    expected = by_hand(100 * (ratio - 1), parts)
    assert interval(INTERNAL, EXTERNAL, drop(PERCENT)) == pytest.approx(expected, rel=1e-5)


def test_a_log_ratio_worked_by_the_book() -> None:
    """Hedges, Gurevitch and Curtis (1999), eq. 1: Var(ln b / a) = Var(a) / a^2 + Var(b) / b^2."""
    parts = [(x.var(ddof=1) / len(x)) / x.mean() ** 2 for x in both()]
    expected = by_hand(float(np.log(EXTERNAL.mean() / INTERNAL.mean())), parts)
    assert interval(INTERNAL, EXTERNAL, drop(LOG_RATIO)) == pytest.approx(expected, rel=1e-5)


def both() -> tuple[Array, Array]:
    return INTERNAL, EXTERNAL


def test_models_on_the_same_patients_have_the_paired_interval(rng: np.random.Generator) -> None:
    scores = rng.normal(30, 5, (4, 1)) + rng.normal(0, 1, (4, 2))
    found = interval(
        np.ones((3, 2)), scores, lambda means: means.external(UNI, MAE) - means.external(OTHER, MAE)
    )
    test = stats.ttest_1samp(scores[:, 0] - scores[:, 1], 0)
    assert found == pytest.approx(tuple(test.confidence_interval(0.95)))


def test_a_missing_score_is_a_patient_less() -> None:
    with_hole = np.array([*EXTERNAL[:2], np.nan, *EXTERNAL[2:], np.nan])
    expected = interval(INTERNAL, EXTERNAL, drop(PERCENT))
    assert interval(INTERNAL, with_hole, drop(PERCENT)) == pytest.approx(expected)


def test_no_spread_and_a_single_patient_have_no_interval() -> None:
    flat = np.full(3, 25.0), np.full(4, 40.0)
    assert np.isnan(interval(*flat, drop(PERCENT))).all()
    assert np.isnan(interval(INTERNAL[:1], EXTERNAL, drop(PERCENT))).all()
