"""Paired tests against textbooks and against other implementations."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples_of_scores import SMALL_SIZES, study
from scipy import special, stats
from statsmodels.stats.weightstats import DescrStatsW

from gfce.contract.columns import STRATIFIED
from gfce.statistics.design import models
from gfce.statistics.inference.paired_tests import TABLE, comparisons, holm, paired_tests
from gfce.statistics.methods.student import hedges_correction, paired_test
from gfce.statistics.scored_study import ScoredStudy

# Student's own example (Biometrika 1908, table p. 20): extra hours of sleep, ten patients.
DEXTRO = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
LAEVO = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def test_students_sleep_data() -> None:
    test = paired_test(DEXTRO, LAEVO)
    # R: t.test(extra ~ group, paired = TRUE): t = -4.0621, df = 9, p = 0.002833, -2.4599 -0.7001
    assert (test.n, test.df, test.n_dropped, test.reason) == (10, 9, 0, "")
    assert test.t == pytest.approx(-4.0621, abs=5e-5)
    assert test.p == pytest.approx(0.002833, abs=5e-7)
    assert test.ci95_low == pytest.approx(-2.4598858, abs=1e-6)
    assert test.ci95_high == pytest.approx(-0.7001142, abs=1e-6)
    assert test.mean_difference == pytest.approx(-1.58)
    assert test.cohens_dz == pytest.approx(-4.0621 / math.sqrt(10), abs=1e-4)


def test_against_statsmodels_and_pingouin(rng: np.random.Generator) -> None:
    a, b = rng.normal(30, 5, 18), rng.normal(31, 5, 18)
    test = paired_test(a, b)
    other = DescrStatsW(a - b)
    t, p, df = other.ttest_mean()
    assert (test.t, test.p, test.df) == pytest.approx((t, p, df))
    assert (test.ci95_low, test.ci95_high) == pytest.approx(other.tconfint_mean())
    wilcoxon = pingouin.wilcoxon(a, b)
    assert test.wilcoxon_p == pytest.approx(wilcoxon["p_val"].item())
    # pingouin's one-sample d of the differences is d_z; its g has the approximate correction.
    assert test.cohens_dz == pytest.approx(pingouin.compute_effsize(a - b, 0, eftype="cohen"))
    assert test.hedges_g == pytest.approx(test.cohens_dz * (1 - 3 / (4 * 17 - 1)), rel=1e-3)


@pytest.mark.parametrize(("df", "expected"), [(2, 0.5642), (5, 0.8408), (10, 0.9228), (50, 0.9849)])
def test_hedges_correction_is_the_published_table(df: int, expected: float) -> None:
    # Hedges (1981), table 1: c(m).
    assert hedges_correction(df) == pytest.approx(expected, abs=6e-4)
    assert hedges_correction(df) == pytest.approx(
        special.gamma(df / 2) / (math.sqrt(df / 2) * special.gamma((df - 1) / 2))
    )


def test_hedges_g_is_unbiased(rng: np.random.Generator) -> None:
    difference = rng.normal(0.8, 1, size=(40_000, 7))
    dz = difference.mean(axis=1) / difference.std(axis=1, ddof=1)
    g = hedges_correction(6) * dz
    error = 4 * g.std() / math.sqrt(len(g))
    assert g.mean() == pytest.approx(0.8, abs=error)
    assert dz.mean() > 0.8 + error


def test_holms_own_example() -> None:
    # Sorted p times 4, 3, 2, 1, then the running maximum, at most 1.
    adjusted = holm(pd.Series([0.01, 0.04, math.nan, 0.03, 0.005]))
    np.testing.assert_allclose(adjusted, [0.03, 0.06, math.nan, 0.06, 0.02])


def test_a_pair_without_one_score_is_dropped_and_counted() -> None:
    a = np.array([1.0, 2.0, math.nan, 4.0, math.nan])
    b = np.array([1.5, math.nan, 2.0, 3.0, math.nan])
    test = paired_test(a, b)
    assert (test.n, test.n_dropped) == (2, 2)
    assert (test.mean_a, test.mean_b) == (2.5, 2.25)


def test_two_patients_have_a_t_test_and_no_g() -> None:
    test = paired_test(np.array([1.0, 2.0]), np.array([0.0, 3.0]))
    assert (test.t, test.p) == (0.0, 1.0)
    assert math.isnan(test.hedges_g)
    assert "Hedges" in test.reason


@pytest.mark.parametrize(
    ("a", "b", "p", "reason"),
    [
        ([], [], math.nan, "no patient"),
        ([1.0], [2.0], math.nan, "single patient"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 1.0, "identical"),
        ([1.0, 2.0, 3.0], [2.0, 3.0, 4.0], math.nan, "same in every patient"),
        ([0.1, 0.2, 0.7], [0.4, 0.5, 1.0], math.nan, "same in every patient"),
    ],
)
def test_degenerate_cases_are_defined_and_explained(
    a: list[float], b: list[float], p: float, reason: str
) -> None:
    test = paired_test(np.array(a), np.array(b))
    assert test.p == pytest.approx(p, nan_ok=True)
    assert reason in test.reason
    assert test.n == len(a)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=2, max_size=9),
    st.floats(0.1, 10),
)
def test_swapping_the_models_changes_signs_only(
    pairs: list[tuple[float, float]], factor: float
) -> None:
    a, b = np.array(pairs).T * factor
    one, other = paired_test(a, b), paired_test(b, a)
    assert one.reason == other.reason
    assert one.p == pytest.approx(other.p, nan_ok=True)
    assert one.t == pytest.approx(-other.t, nan_ok=True)
    assert one.ci95_low == pytest.approx(-other.ci95_high, nan_ok=True)
    assert one.wilcoxon_p == pytest.approx(other.wilcoxon_p, nan_ok=True)


def test_differences_that_rounding_alone_tells_apart_are_ties_and_zeros() -> None:
    b = np.array([0.03, 0.04, 0.05, 0.031, 0.042, 0.057, 0.029, 0.033])
    steps = np.array([0, 1, 1, -1, 2, 3, 3, -2])
    a = b + 0.001 * steps
    assert len(set(np.abs(a - b))) > len(set(np.abs(steps))), "rounding tells some of them apart"
    assert paired_test(a, b).wilcoxon_p == stats.wilcoxon(steps).pvalue
    almost = b * (1 + 2e-16 * np.array([1, -1] * 4))
    assert (almost != b).any()
    assert paired_test(almost, b).p == 1


def test_families_and_scopes_of_the_paper() -> None:
    found = comparisons(models(study()))
    by_family = {f: [(c.a.label, c.b.label) for c in found if c.family == f] for f in "ABC"}
    assert by_family["A"] == [(f"Tri-{n.upper()}", f"Uni-{n}{i}") for n in "mz" for i in (1, 2, 3)]
    assert by_family["B"] == [(f"Uni-z{i}", f"Uni-m{i}") for i in (1, 2, 3)] + [("Tri-Z", "Tri-M")]
    assert by_family["C"] == [
        (f"Uni-{n}{i}", f"Uni-{n}{j}") for n in "mz" for i, j in ((1, 2), (1, 3), (2, 3))
    ]
    external = [f"Institution-{i}" for i in (4, 5, 6, 7)]
    scopes = {c.family: c.scopes() for c in found}
    assert list(scopes["A"]) == ["internal", *external, "external", "external_stratified"]
    assert scopes["B"]["internal"] == ["Institution-1", "Institution-2", "Institution-3"]
    assert list(scopes["B"])[-2:] == ["external_stratified", "internal_stratified"]
    assert list(scopes["C"]) == [*external, "external", "external_stratified"], (
        "uni models share no internal patient"
    )


def test_table_of_tests(metrics: pd.DataFrame) -> None:
    scored = ScoredStudy(study(), metrics)
    scores, table = scored.scores, paired_tests(scored)
    assert list(table.columns) == TABLE.names
    assert len(table) == 2 * (6 * 7 + 3 * 7 + 8 + 6 * 6)
    row = table.query("family == 'A' and metric == 'mae' and scope == 'internal'").iloc[2]
    own = scores[scores["institution"] == "Institution-3"].set_index("patient_id")
    tri, uni = (own.loc[own["model"] == name, "mae"] for name in ("Tri-M", "Uni-m3"))
    assert (row["model_b"], row["n"]) == ("Uni-m3", SMALL_SIZES["Institution-3"])
    assert row["p"] == pytest.approx(
        pingouin.ttest(tri, uni[tri.index], paired=True)["p_val"].item()
    )
    external = table.query("family == 'B' and metric == 'psnr_db' and scope == 'external'")
    assert (external["n"] == sum(SMALL_SIZES[f"Institution-{i}"] for i in (4, 5, 6, 7))).all()


def test_holm_is_within_family_and_metric(metrics: pd.DataFrame) -> None:
    """The paper's tests have the adjusted p that they would have without the stratified ones."""
    table = paired_tests(ScoredStudy(study(), metrics))
    stratified = table["scope"].str.endswith(STRATIFIED)
    assert stratified.any()
    for _, family in table.groupby(["family", "metric", stratified]):
        _, adjusted = pingouin.multicomp(family["p"].to_numpy(), method="holm")
        np.testing.assert_allclose(family["p_holm"], adjusted)


def test_an_unscored_model_has_rows_with_a_reason(metrics: pd.DataFrame) -> None:
    table = paired_tests(ScoredStudy(study(), metrics[metrics["model"] != "Tri-Z"]))
    unknown = table[(table["model_a"] == "Tri-Z") | (table["model_b"] == "Tri-Z")]
    assert (unknown["n"] == 0).all()
    assert (unknown["n_dropped"] > 0).all()
    assert (unknown["reason"] == "no patient has a score of both models").all()
    assert unknown[["p", "p_holm", "t"]].isna().all(axis=None)


def test_patients_are_paired_by_id_not_by_place(metrics: pd.DataFrame) -> None:
    shuffled = metrics.sample(frac=1, random_state=0)
    one, other = (paired_tests(ScoredStudy(study(), frame)) for frame in (metrics, shuffled))
    pd.testing.assert_frame_equal(one, other)


def test_family_wise_error_under_the_null() -> None:
    """At least one false finding in at most 5 % of families (Holm 1979), dependent tests or not."""
    rng, repeats = np.random.default_rng(7), 2000
    difference = rng.normal(size=(repeats, 18, 1)) - rng.normal(size=(repeats, 18, 3))
    families = stats.ttest_1samp(difference, 0, axis=1).pvalue
    found = families.min(axis=1) < 0.05 / 3  # Holm's first step decides whether any is found
    for p, rejects in zip(families[:40], found, strict=False):
        assert (holm(pd.Series(p)) < 0.05).any() == rejects
    assert 0.02 < found.mean() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / repeats)
