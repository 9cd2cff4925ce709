"""Two one-sided tests of equivalence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import study
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from gfce.contract.columns import OVERALL
from gfce.statistics.inference.equivalence import equivalence_tests, tost
from gfce.statistics.inference.paired_tests import holm
from gfce.statistics.scored_study import ScoredStudy


def test_tost_against_statsmodels(rng: np.random.Generator) -> None:
    a, b = rng.normal(25, 3, 18), rng.normal(25.2, 3, 18)
    found = tost([a - b], 2.0)
    p, lower, upper = ttost_paired(a, b, -2.0, 2.0)
    assert (found["p"], found["p_lower"], found["p_upper"]) == pytest.approx(
        (p, lower[1], upper[1])
    )


@pytest.mark.parametrize("shift", [0.0, 1.0, 1.6, 1.9, 3.0])
def test_tost_is_the_90_percent_interval_within_the_margins(
    rng: np.random.Generator, shift: float
) -> None:
    difference = rng.normal(shift, 1, 12)
    found = tost([difference], 2.0)
    assert (found["p"] < 0.05) == (found["ci90_low"] > -2 and found["ci90_high"] < 2)


@pytest.mark.parametrize(("shift", "sides"), [(0.0, (0, 0)), (3.0, (0, 1)), (-3.0, (1, 0))])
def test_tost_without_spread(shift: float, sides: tuple[float, float]) -> None:
    found = tost([np.full(2, shift)], 2.0)
    assert (found["p_lower"], found["p_upper"], found["p"]) == (*sides, max(sides))
    assert "the same in every patient" in found["reason"]


def test_overall_is_the_difference_of_the_printed_overalls(metrics: pd.DataFrame) -> None:
    scored = ScoredStudy(study(), metrics)
    means = scored.rows[scored.rows["cohort"] == "internal"].set_index(["model", "testing"])
    unis = [means.loc[(f"Uni-m{i}", f"Institution-{i}"), "mae_mean"] for i in (1, 2, 3)]
    table = equivalence_tests(scored).set_index(["metric", "model_a", "scope"])
    overall = table.loc[("mae", "Tri-M", OVERALL)]
    expected = means.loc[("Tri-M", OVERALL), "mae_mean"] - np.mean(unis)
    assert overall["mean_difference"] == pytest.approx(expected, rel=1e-9)


def test_overall_of_two_institutions_is_a_test_of_welch(rng: np.random.Generator) -> None:
    one, other = rng.normal(0.2, 1, 18), rng.normal(0.1, 3, 7)
    found = tost([one, other], 2.0)
    # mean(one) + mean(other) against twice the margin
    for side, margin, alternative in (("p_lower", -2.0, "greater"), ("p_upper", 2.0, "less")):
        welch = stats.ttest_ind(one - 2 * margin, -other, equal_var=False, alternative=alternative)
        assert found[side] == pytest.approx(welch.pvalue)


@pytest.mark.parametrize(("metric", "worse"), [("mae", 1), ("psnr_db", -1)])
def test_a_better_model_is_noninferior_and_not_equivalent(
    metrics: pd.DataFrame, metric: str, worse: int
) -> None:
    margin = study().statistics.equivalence_margin(metric)
    tri = metrics["model"] == "Tri-M"
    found = {}
    for name, shift in (("better", -50 * margin * worse), ("worse", 50 * margin * worse)):
        shifted = metrics.assign(**{metric: metrics[metric] + shift * tri})
        table = equivalence_tests(ScoredStudy(study(), shifted))
        found[name] = table[(table["metric"] == metric) & (table["model_a"] == "Tri-M")]
        assert not found[name]["equivalent"].any()
    assert found["better"]["noninferior"].all()
    assert not found["worse"]["noninferior"].any()
    side = "p_upper" if worse == 1 else "p_lower"
    assert (found["better"]["p_noninferior"] == found["better"][side]).all()


def test_holm_of_noninferiority_is_its_own(metrics: pd.DataFrame) -> None:
    table = equivalence_tests(ScoredStudy(study(), metrics))
    for _, tests in table.groupby("metric"):
        pd.testing.assert_series_equal(
            tests["p_noninferior_holm"], holm(tests["p_noninferior"]), check_names=False
        )


def test_an_institution_with_a_single_patient_leaves_no_test(metrics: pd.DataFrame) -> None:
    one = metrics["institution"].ne("Institution-2") | metrics["patient_id"].eq("200")
    table = equivalence_tests(ScoredStudy(study(), metrics[one]))
    rows = table[table["scope"].isin(["Institution-2", OVERALL])]
    assert set(rows["reason"]) == {"fewer than two patients of Institution-2: no test"}
    assert rows[["p", "p_noninferior", "ci90_low"]].isna().all(axis=None)
    assert rows["mean_difference"].notna().all()
    assert rows["equivalent"].isna().all()


def test_equivalence_compares_with_the_own_institutions_uni_model(metrics: pd.DataFrame) -> None:
    config = study(statistics={"equivalence_margin_mae": 0.1})
    table = equivalence_tests(ScoredStudy(config, metrics))
    mae = table[(table["metric"] == "mae") & (table["model_a"] == "Tri-Z")].set_index("scope")
    assert list(mae.index) == ["Institution-1", "Institution-2", "Institution-3", OVERALL]
    assert mae["model_b"].tolist() == ["Uni-z1", "Uni-z2", "Uni-z3", "Uni-z1;Uni-z2;Uni-z3"]
    assert mae["n"].tolist() == [5, 4, 6, 15]
    assert mae["equivalent"].tolist() == [True] * 4
    config = study(statistics={"equivalence_margin_mae": 1e-9})
    strict = equivalence_tests(ScoredStudy(config, metrics))
    assert not strict.loc[strict["metric"] == "mae", "equivalent"].any()


def test_equivalence_without_the_pooled_model_is_open(metrics: pd.DataFrame) -> None:
    table = equivalence_tests(ScoredStudy(study(), metrics[metrics["model"] != "Tri-M"]))
    tri = table[table["model_a"] == "Tri-M"]
    assert (tri["n"] == 0).all()
    assert (tri["n_dropped"] > 0).all()
    assert tri["equivalent"].isna().all()
