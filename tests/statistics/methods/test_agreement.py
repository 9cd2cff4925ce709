"""Limits of agreement and their intervals, against formulas and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gfce.statistics.methods.agreement import NORMAL, agreement, proportion


def test_many_patients_give_the_large_sample_interval() -> None:
    """SE^2 = s^2 (1/n + 1.96^2 / (2 (n - 1))); Bland and Altman, Stat Methods Med Res 8:135."""
    n, sd = 5000, 0.4
    found = agreement(n, 0.1, sd)
    error = sd * np.sqrt(1 / n + NORMAL**2 / (2 * (n - 1)))
    assert found["loa_high"] == pytest.approx(0.1 + NORMAL * sd)
    assert found["loa_high_ci95_low"] == pytest.approx(found["loa_high"] - 1.96 * error, abs=5e-4)
    assert found["loa_high_ci95_high"] == pytest.approx(found["loa_high"] + 1.96 * error, abs=5e-4)


@pytest.mark.parametrize("n", [4, 9, 18])
def test_the_interval_of_a_limit_covers(n: int) -> None:
    rng = np.random.default_rng(n)
    draws = rng.normal(0.2, 0.5, (8000, n))
    of_unit = agreement(n, 0.0, 1.0)
    means, sds = draws.mean(axis=1), draws.std(axis=1, ddof=1)
    truth = {"loa_low": 0.2 - NORMAL * 0.5, "loa_high": 0.2 + NORMAL * 0.5, "bias": 0.2}
    for name, value in truth.items():
        low, high = (means + sds * of_unit[f"{name}_ci95_{end}"] for end in ("low", "high"))
        covered = ((low <= value) & (value <= high)).mean()
        assert covered == pytest.approx(0.95, abs=0.01)  # 4 Monte-Carlo errors


def test_one_difference_has_no_limits() -> None:
    assert all(np.isnan(value) for value in agreement(1, 0.3, float("nan")).values())


@pytest.mark.parametrize(("count", "n"), [(0, 5), (5, 5), (17, 20)])
def test_the_exact_interval_of_a_proportion(count: int, n: int) -> None:
    exact = stats.binomtest(count, n).proportion_ci(method="exact")
    assert list(proportion(count, n).values()) == pytest.approx([count / n, exact.low, exact.high])


def test_there_is_no_sensitivity_of_nothing() -> None:
    assert all(np.isnan(value) for value in proportion(0, 0).values())
