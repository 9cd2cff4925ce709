"""Friedman's test, the stability of a ranking, and the agreement of metrics."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import simulated_metrics, study
from scipy import stats

from gfce.evaluation.metrics import METRICS
from gfce.statistics.inference.rank_agreement import rank_agreement
from gfce.statistics.inference.rank_tests import f_of_chi2, iman_davenport, rank_tests
from gfce.statistics.inference.ranks import mean_patient_ranks
from gfce.statistics.methods.kendall import percentile_interval, tau_b
from gfce.statistics.scored_study import ScoredStudy

DEMSAR = """
0.763 0.768 0.771 0.798
0.599 0.591 0.590 0.569
0.954 0.971 0.968 0.967
0.628 0.661 0.654 0.657
0.882 0.888 0.886 0.898
0.936 0.931 0.916 0.931
0.661 0.668 0.609 0.685
0.583 0.583 0.563 0.625
0.775 0.838 0.866 0.875
1.000 1.000 1.000 1.000
0.940 0.962 0.965 0.962
0.619 0.666 0.614 0.669
0.972 0.981 0.9751 0.975
0.957 0.978 0.946 0.970
"""
"""AUC of four classifiers on 14 data sets (Demsar 2006, table 6, who ranks 0.975 before 0.975)."""
SCMAMP = [[1, 8, 6, 4, 7, 2, 5, 3, 9], [1, 6, 3, 9, 7, 2, 8, 4, 5]]
"""Ranks of nine algorithms on two data sets; R's scmamp of them: chi² 11.733; F 2.75, p 0.08697."""


def test_demsars_example() -> None:
    """His average ranks, chi² = 9.28, F = 3.69; he does not correct chi² for ties, scipy does."""
    losses = -np.array(DEMSAR.split(), dtype=float).reshape(14, 4)
    np.testing.assert_allclose(mean_patient_ranks(losses), [3.143, 2, 2.893, 1.964], atol=5e-4)
    ties = 1 - (3 * (2**3 - 2) + (4**3 - 4)) / (14 * (4**3 - 4))
    uncorrected = iman_davenport(losses)["friedman_chi2"] * ties
    assert uncorrected == pytest.approx(9.28, abs=5e-3)
    assert f_of_chi2(uncorrected, 14, 4) == pytest.approx(3.69, abs=5e-3)


def test_against_scmamp() -> None:
    found = iman_davenport(np.array(SCMAMP, dtype=float))
    assert found["friedman_chi2"] == pytest.approx(11.733, abs=5e-4)
    assert (found["f"], found["df1"], found["df2"]) == (pytest.approx(2.75), 8, 8)
    assert found["p"] == pytest.approx(0.08697, abs=5e-6)


def test_what_an_institution_has_in_common_cancels(rng: np.random.Generator) -> None:
    losses = rng.normal(size=(20, 5))
    shifted = losses + rng.normal(0, 100, (20, 1))
    assert iman_davenport(shifted) == iman_davenport(losses)


def test_patients_who_agree_and_models_that_are_the_same() -> None:
    agreed = iman_davenport(np.tile([1.0, 2.0, 3.0], (4, 1)))
    assert agreed["p"] == pytest.approx(1 / math.factorial(3) ** 3)
    assert "F is infinite" in agreed["reason"]
    assert "f" not in agreed
    assert "same scores" in iman_davenport(np.ones((4, 3)))["reason"]
    assert "needs" in iman_davenport(np.array([[1.0, 2.0], [2.0, 1.0]]))["reason"]


def test_kendalls_tau_is_scipys(rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 5, (2, 30, 7)).astype(float)  # with ties
    expected = [stats.kendalltau(x, y).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(tau_b(a, b), expected)
    assert np.isnan(tau_b(a[0], np.ones(7)))
    assert tau_b(a[0], a).shape == (30,)


def test_percentiles_leave_out_what_is_not_defined() -> None:
    assert percentile_interval(np.array([math.nan, 0.0, 1.0])) == (0.025, 0.975)
    assert np.isnan(percentile_interval(np.array([]))).all()


def test_a_row_for_each_metric_and_pair_of_metrics(metrics: pd.DataFrame) -> None:
    scored = ScoredStudy(study(), metrics)
    tests, agreement = rank_tests(scored), rank_agreement(scored)
    assert tests["metric"].tolist() == [metric.name for metric in METRICS]
    assert (tests["n"] == 16).all()
    assert (tests["n_models"] == 8).all()
    assert (tests["n_pairs"] == 28).all()
    assert len(agreement) == len(METRICS) * (len(METRICS) - 1) / 2
    assert (agreement["bootstrap_low"] <= agreement["bootstrap_high"]).all()


def test_tau_of_two_metrics_is_that_of_their_overalls(metrics: pd.DataFrame) -> None:
    scored = ScoredStudy(study(), metrics)
    overalls = scored.rows.query("testing == 'Overall' and cohort == 'external'")
    # One is better when low, the other when high.
    expected = -stats.kendalltau(overalls["mae_mean"], overalls["psnr_mean_db"]).statistic
    found = rank_agreement(scored).set_index(["metric_a", "metric_b"])
    assert found.loc[("mae", "psnr_db"), "tau"] == pytest.approx(expected)


def test_a_metric_that_is_another_ranks_alike(metrics: pd.DataFrame) -> None:
    """SSIM and MS-SSIM of the sample are affine maps of one number."""
    found = rank_agreement(ScoredStudy(study(), metrics)).set_index(["metric_a", "metric_b"])
    row = found.loc[("ssim", "ms_ssim")]
    assert row[["tau", "bootstrap_low", "bootstrap_high", "same_first_share"]].tolist() == [1] * 4
    assert row["same_first"]


def test_a_clear_order_is_stable() -> None:
    config = study()
    metrics = simulated_metrics(config)
    for place, label in enumerate(metrics["model"].unique()):
        metrics.loc[metrics["model"] == label, "mae"] += place
    row = rank_tests(ScoredStudy(config, metrics)).iloc[0]
    assert row[["tau_median", "bootstrap_low", "bootstrap_high"]].tolist() == [1, 1, 1]
    assert row["first"] == "Uni-m1"
    assert row["p"] < 1e-30
    assert (row["n_differ"], row["n_against_ranks"]) == (28, 0)


def test_wilcoxon_may_go_against_the_overalls() -> None:
    """Tri-Z is worse in most patients and far better at the small hospitals."""
    config = study()
    metrics = simulated_metrics(config, dict.fromkeys(config.cohort.institutions, 2))
    large = simulated_metrics(config, dict.fromkeys(config.cohort.institutions, 60))
    others = metrics["institution"].isin(["Institution-5", "Institution-6", "Institution-7"])
    metrics = pd.concat([metrics[others], large[large["institution"] == "Institution-4"]])
    own = metrics["model"] == "Tri-Z"
    at_large = metrics["institution"] == "Institution-4"
    metrics.loc[own & at_large, "mae"] += 0.1
    metrics.loc[own & ~at_large, "mae"] -= 0.2
    row = rank_tests(ScoredStudy(config, metrics)).iloc[0]
    assert row["first"] == "Tri-Z"
    assert row["n_against_ranks"] == 7
