"""Tests of all pairs of models on the external patients."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import study
from scipy import stats

from gfce.config import StudyConfig
from gfce.evaluation.metrics.mae import METRIC as MAE
from gfce.statistics.inference.paired_tests import paired_tests
from gfce.statistics.inference.rank_pairs import (
    Pairs,
    holm_of_directions,
    overall_tests,
    pairs_of,
    rank_pairs,
    signed_rank_p,
)
from gfce.statistics.inference.ranking import Ranking
from gfce.statistics.scored_study import ScoredStudy


def ranking(losses: dict[str, np.ndarray]) -> Ranking:
    """A ranking of models a, b, ... by these losses."""
    overalls = np.mean([matrix.mean(axis=0) for matrix in losses.values()], axis=0)
    labels = tuple("abcdefgh"[: len(overalls)])
    return Ranking(MAE, labels, overalls, losses, np.empty((0, len(overalls))))


def pairs_in_one_place(losses: np.ndarray) -> Pairs:
    return pairs_of(ranking({"one": losses}))


def test_one_institution_is_students_paired_test(rng: np.random.Generator) -> None:
    losses = rng.normal([0, 1], 1, (9, 2))
    pairs = pairs_in_one_place(losses)
    expected = stats.ttest_rel(losses[:, 0], losses[:, 1])
    found = (pairs.t[0], pairs.p[0], pairs.df[0])
    assert found == pytest.approx((expected.statistic, expected.pvalue, 8))


def test_two_institutions_are_welchs_test(rng: np.random.Generator) -> None:
    """(d1 + d2) / 2 by its standard error is Welch's t of d1 against -d2."""
    first, second = rng.normal(1, 2, (5, 3)), rng.normal(0, 0.5, (8, 3))
    difference, t, df, p = overall_tests({"one": first, "two": second}, 0)
    expected = stats.ttest_ind(first, -second, equal_var=False)
    np.testing.assert_allclose(difference, (first.mean(axis=0) + second.mean(axis=0)) / 2)
    np.testing.assert_allclose([t, df, p], [expected.statistic, expected.df, expected.pvalue])


def test_institutions_weigh_the_same() -> None:
    """b is better in each of 20 patients, a at each of 3 small hospitals: a has the Overall."""
    spread = np.array([0.9, 1.1])
    one = {f"small-{i}": np.column_stack([np.zeros(2), 2 * spread]) for i in range(3)}
    losses = one | {"large": np.column_stack([np.tile(spread, 10), np.zeros(20)])}
    pairs = pairs_of(ranking(losses))
    assert pairs.difference[0] == pytest.approx((3 * -2 + 1) / 4)
    assert pairs.ordered[0] == -1


@pytest.mark.parametrize("n", [6, 11, 14, 50, 51])
def test_wilcoxons_p_is_that_of_each_pair_alone(rng: np.random.Generator, n: int) -> None:
    """Zeros and ties of one pair do not change the p of another."""
    differences = rng.normal(0.3, 1, (n, 5))
    differences[0, 1] = 0
    differences[:, 2] = np.round(differences[:, 2], 1)
    differences[1, 3] = -differences[0, 3]
    expected = [stats.wilcoxon(column).pvalue for column in differences.T]
    np.testing.assert_allclose(signed_rank_p(differences), expected, rtol=1e-12)


def test_wilcoxon_without_differences_and_without_patients() -> None:
    assert signed_rank_p(np.zeros((5, 1))).tolist() == [1.0]
    assert np.isnan(signed_rank_p(np.empty((0, 2)))).all()


def test_holm_of_directions_by_hand() -> None:
    """One-sided p 0.005, 0.02, 0.1 and the opposite 0.995, 0.98, 0.9: six hypotheses."""
    adjusted = holm_of_directions(np.array([0.04, 0.01, 0.2]))
    np.testing.assert_allclose(adjusted, [5 * 0.02, 6 * 0.005, 4 * 0.1])
    assert np.isnan(holm_of_directions(np.array([math.nan, 0.01]))[0])


def test_identical_models_and_a_constant_shift(rng: np.random.Generator) -> None:
    a = rng.normal(10, 1, 6)
    pairs = pairs_in_one_place(np.column_stack([a, a, a + 1]))
    assert (pairs.p[0], pairs.wilcoxon_p[0]) == (1.0, 1.0)
    assert np.isnan(pairs.t).all()
    assert np.isnan(pairs.p[1:]).all()
    assert pairs.wilcoxon_p[1] == stats.wilcoxon(np.ones(6)).pvalue
    assert (pairs.ordered == 0).all()


def test_wilcoxons_p_are_those_of_the_paired_tests(
    config: StudyConfig, metrics: pd.DataFrame
) -> None:
    """Where every model has every patient, both tables test the same differences."""
    scored = ScoredStudy(config, metrics)
    tests = paired_tests(scored).query("scope == 'external'")
    pairs = rank_pairs(scored).set_index(["metric", "model_a", "model_b"])["wilcoxon_p"]
    assert len(tests) > 30
    for row in tests.itertuples():
        key = (row.metric, row.model_a, row.model_b)
        other = (row.metric, row.model_b, row.model_a)
        assert pairs[key if key in pairs.index else other] == pytest.approx(row.wilcoxon_p)


def test_differences_have_the_sign_of_the_scores(
    config: StudyConfig, metrics: pd.DataFrame
) -> None:
    scored = ScoredStudy(config, metrics)
    overalls = scored.rows.query("testing == 'Overall' and cohort == 'external'")
    means = overalls.set_index("model")["psnr_mean_db"]
    table = rank_pairs(scored).query("metric == 'psnr_db'")
    expected = means[table["model_a"]].to_numpy() - means[table["model_b"]].to_numpy()
    np.testing.assert_allclose(table["overall_difference"], expected)
    assert (np.sign(table["t"]) == np.sign(expected)).all()


def test_patients_whom_a_model_lacks_are_left_out(metrics: pd.DataFrame) -> None:
    gone = (metrics["model"] == "Tri-Z") & (metrics["patient_id"] == "400")
    table = rank_pairs(ScoredStudy(study(), metrics[~gone]))
    assert set(table["n"]) == {15}


def test_an_institution_with_one_patient_has_no_t(metrics: pd.DataFrame) -> None:
    few = (metrics["institution"] != "Institution-7") | (metrics["patient_id"] == "700")
    table = rank_pairs(ScoredStudy(study(), metrics[few]))
    assert table[["t", "p", "p_holm"]].isna().all(axis=None)
    assert table["reason"].str.startswith("no t: an institution has fewer than two").all()
    assert table["wilcoxon_p"].notna().all()
