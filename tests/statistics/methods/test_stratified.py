"""The test of a difference of Overalls against other implementations and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from samples_of_scores import study
from scipy import stats

from gfce.contract.columns import OVERALL
from gfce.statistics.inference.paired_tests import paired_tests
from gfce.statistics.methods.stratified import ONE_SAMPLE, stratified_test
from gfce.statistics.methods.student import PairedTest, paired_test, t_test
from gfce.statistics.scored_study import ScoredStudy

SIZES = (18, 9, 9, 7)
ONES, TWOS = np.array([0.3, 1.2, -0.4, 2.2, 0.9]), np.array([-0.5, 3.1, 1.4])


def of_differences(strata: list[np.ndarray]) -> PairedTest:
    return stratified_test({f"{i}": (d + 5, np.full(len(d), 5.0)) for i, d in enumerate(strata)})


def test_two_institutions_are_welchs_test() -> None:
    found = of_differences([ONES, TWOS])
    welch = stats.ttest_ind(ONES, -TWOS, equal_var=False)
    # R 4.2: t.test(c(0.3, 1.2, -0.4, 2.2, 0.9), -c(-0.5, 3.1, 1.4)):
    # t = 1.9272, df = 2.725, p-value = 0.1588
    assert (found.t, found.df) == pytest.approx((1.9272, 2.725), abs=5e-5)
    assert found.p == pytest.approx(0.1588, abs=5e-5)
    assert (found.t, found.df, found.p) == pytest.approx((welch.statistic, welch.df, welch.pvalue))
    low, high = welch.confidence_interval(0.95)
    assert (found.ci95_low, found.ci95_high) == pytest.approx((low / 2, high / 2))
    assert (found.n, found.reason) == (8, ONE_SAMPLE)
    assert math.isnan(found.hedges_g)


def test_four_institutions_are_a_contrast_with_white_hinkley_variances(
    rng: np.random.Generator,
) -> None:
    """HC2 of a model of institutions' means is s_i^2 / n_i of each (MacKinnon and White 1985)."""
    strata = [rng.normal(0.2 * n, n, n) for n in SIZES]
    found = of_differences(strata)
    institution = np.repeat(np.eye(4), SIZES, axis=0)
    fitted = sm.OLS(np.concatenate(strata), institution).fit(cov_type="HC2")
    contrast = fitted.t_test(np.full(4, 0.25))
    assert found.mean_difference == pytest.approx(contrast.effect.item())
    assert found.t == pytest.approx(contrast.tvalue.item())
    # Satterthwaite (1946), written with mean squares: (sum a_i M_i)^2 / sum (a_i M_i)^2 / f_i.
    parts = [np.var(d, ddof=1) / (16 * len(d)) for d in strata]
    df = sum(parts) ** 2 / sum(
        part**2 / (len(d) - 1) for part, d in zip(parts, strata, strict=True)
    )
    assert found.df == pytest.approx(df)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(found.t), df))


def test_one_institution_is_students_test(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(2, 9))
    plain, found = paired_test(a, b), stratified_test({"only": (a, b)})
    assert (found.t, found.df, found.p, found.ci95_low) == (
        *(plain.t, plain.df, plain.p, plain.ci95_low),
    )


def test_it_tests_the_difference_of_the_printed_overalls(metrics: pd.DataFrame) -> None:
    """Whose sign need not be that of the mean over patients."""
    small = (metrics["model"] == "Tri-M") & (metrics["institution"] == "Institution-6")
    scored = ScoredStudy(study(), metrics.assign(mae=metrics["mae"] + 0.02 * small))
    tests, rows = paired_tests(scored), scored.rows
    printed = rows[rows["testing"] == OVERALL].set_index(["cohort", "model"])["mae_mean"]
    tests = tests[tests["metric"] == "mae"]
    for scope in ("external", "internal"):
        stratified = tests[tests["scope"] == f"{scope}_stratified"]
        a, b = (printed[scope][stratified[name]].to_numpy() for name in ("model_a", "model_b"))
        np.testing.assert_allclose(stratified["mean_a"], a, rtol=1e-12)
        np.testing.assert_allclose(stratified["mean_b"], b, rtol=1e-12)
        np.testing.assert_allclose(stratified["mean_difference"], a - b, atol=1e-12)
    assert (tests["scope"] == "internal_stratified").sum() == 1, "Tri-Z against Tri-M alone"


@pytest.mark.parametrize(
    ("last", "n", "reason", "has_mean"),
    [
        ([], 5, "no patient of 1 has a score of both models: no Overall", False),
        ([0.4], 6, "a single patient of 1: no test", True),
    ],
)
def test_an_institution_without_spread_leaves_no_test(
    last: list[float], n: int, reason: str, has_mean: bool
) -> None:
    found = of_differences([ONES, np.array(last)])
    assert (found.n, found.reason) == (n, reason)
    assert math.isnan(found.p)
    assert math.isnan(found.mean_difference) != has_mean


def test_nobody_identical_scores_and_constant_differences() -> None:
    nan = np.full(3, math.nan)
    nobody = stratified_test({"A": (nan, np.ones(3)), "B": (nan, nan)})
    assert (nobody.n, nobody.n_dropped, nobody.reason) == (
        *(0, 3, "no patient has a score of both models"),
    )
    same = of_differences([np.zeros(3), np.zeros(4)])
    assert (same.p, same.mean_difference, same.ci95_low) == (1, 0, 0)
    assert same.reason.startswith("identical")
    constant = of_differences([np.full(3, 0.1), np.full(4, 0.3)])
    assert constant.mean_difference == pytest.approx(0.2)
    assert math.isnan(constant.p)
    one_of_them = of_differences([np.full(3, 0.1), ONES])
    assert one_of_them.df == pytest.approx(4), "the spread of the other alone"


def test_it_keeps_its_level_where_institutions_differ() -> None:
    """Institutions differ and are fixed, the difference of the Overalls is 0: 5 % false findings.

    The mean over patients is another quantity, and its test has another null hypothesis.
    """
    rng, repeats = np.random.default_rng(11), 1500
    effects = np.array([0.9, -0.3, -0.3, -0.3])
    found = {"external": 0, "external_stratified": 0}
    for _ in range(repeats):
        strata = [rng.normal(e, 1, n) for e, n in zip(effects, SIZES, strict=True)]
        difference = np.concatenate(strata)
        found["external"] += t_test([difference])["p"] < 0.05
        found["external_stratified"] += of_differences(strata).p < 0.05
    error = 3 * math.sqrt(0.05 * 0.95 / repeats)
    assert found["external_stratified"] / repeats == pytest.approx(0.05, abs=error)
    assert found["external"] / repeats > 0.05 + error
