"""Effects of single institutions, their variances, and which models are set against which."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from gfce.config import StudyConfig
from gfce.evaluation.metrics import METRICS, metric_named
from gfce.statistics.inference.institution_effects import (
    DROP,
    IMPROVEMENT,
    NORMALIZATION,
    Estimate,
    as_loss,
    effects_of_study,
    mean_of,
    paired_gain,
    satterthwaite,
    unpaired,
)
from gfce.statistics.scored_study import ScoredStudy

MAE, PSNR, SSIM = (metric_named(name) for name in ("mae", "psnr_db", "ssim"))
A = np.array([35.66, 48.30, 47.90, 42.15, 30.41, 42.62, 44.28, 43.20, 37.60])
B = np.array([33.96, 41.00, 42.15, 40.38, 30.97, 44.61, 44.35, 45.37, 41.91])


def test_the_paired_log_ratio_is_that_of_metafor() -> None:
    """Printed by paired_log_ratio.R, beside this file."""
    found = paired_gain(model=B, reference=A, metric=MAE)
    assert found.value == pytest.approx(0.020141285085723333, rel=1e-12)
    assert found.variance == pytest.approx(0.00093136293131502058, rel=1e-12)
    assert (found.df, found.n) == (8, 9)


def test_means_that_are_not_paired_have_the_sum_of_the_variances() -> None:
    parts = [as_loss(MAE, mean_of(scores)) for scores in (A, B)]
    expected = sum(s.var(ddof=1) / (9 * s.mean() ** 2) for s in (A, B))
    found = unpaired([(1, parts[0]), (-1, parts[1])])
    assert found.variance == pytest.approx(expected, rel=1e-12)
    assert found.value == pytest.approx(math.log(A.mean() / B.mean()))


def test_degrees_of_freedom_are_those_of_welch() -> None:
    assert satterthwaite([(2.0, 8), (0.0, math.inf)]) == 8
    assert satterthwaite([(1.0, 8), (1.0, 8)]) == pytest.approx(16)


@pytest.mark.parametrize("metric", [MAE, PSNR])
def test_variances_are_those_of_repeated_studies(metric, rng: np.random.Generator) -> None:
    """Of one mean and of a paired gain; 9 patients whose scores go together."""
    level = 30.0
    patients = rng.normal(0, 3, (4000, 9))
    a, b = (level + shift + patients + rng.normal(0, 1, (4000, 9)) for shift in (2, 0))
    gains = [paired_gain(x, y, metric) for x, y in zip(a, b, strict=True)]
    means = [as_loss(metric, mean_of(x)) for x in a]
    for found in (gains, means):
        spread = np.var([one.value for one in found])
        assert np.mean([one.variance for one in found]) == pytest.approx(spread, rel=0.07)


def test_the_variance_is_that_of_the_bootstrap(rng: np.random.Generator) -> None:
    drawn = rng.integers(0, 9, (20_000, 9))
    ratios = np.log(A[drawn].mean(axis=1) / B[drawn].mean(axis=1))
    expected = ratios.var() * 9 / 8  # a bootstrap has the divisor n
    assert paired_gain(B, A, MAE).variance == pytest.approx(expected, rel=0.05)


def test_larger_is_worse_of_a_drop_and_better_of_a_gain() -> None:
    assert paired_gain(model=A, reference=B, metric=PSNR).value == pytest.approx(
        A.mean() - B.mean()
    )
    assert paired_gain(model=A, reference=B, metric=MAE).value < 0, "A has the larger error"
    assert as_loss(PSNR, mean_of(A)).value == pytest.approx(-A.mean())


def test_a_patient_without_both_scores_is_left_out() -> None:
    longer = np.append(A, 50.0), np.append(B, np.nan)
    assert paired_gain(longer[1], longer[0], MAE) == paired_gain(B, A, MAE)


@pytest.mark.parametrize(
    ("model", "reference", "problem"),
    [
        ([], [], "no patient is scored"),
        ([1.0], [2.0], "a single patient"),
        ([1.0, 2.0], [1.0, 2.0], "no spread between patients"),
        ([0.0, 0.0], [1.0, 2.0], "a mean of 0 has no logarithm"),
    ],
)
def test_without_a_variance_there_is_a_reason(model, reference, problem: str) -> None:
    found = paired_gain(np.array(model), np.array(reference), MAE)
    assert found.problem == problem
    assert math.isnan(found.variance)


def test_a_sum_is_known_if_its_parts_are() -> None:
    unknown = Estimate(1.0, math.nan, 0, 1, "a single patient")
    found = unpaired([(0.5, mean_of(A)), (0.5, unknown)])
    assert found.problem == "a single patient"
    assert math.isnan(found.variance)


def test_the_questions_are_those_of_the_tables(config: StudyConfig, metrics: pd.DataFrame) -> None:
    study = ScoredStudy(config, metrics)
    found = effects_of_study(study)
    asked = [(e.effect, e.model.label, e.reference) for e in found if e.metric is MAE]
    assert [label for effect, label, _ in asked if effect == DROP] == [
        model.label for model in study.models
    ]
    assert (IMPROVEMENT, "Tri-M", "Uni-m1;Uni-m2;Uni-m3") in asked
    assert (IMPROVEMENT, "Tri-Z", "Uni-z2") in asked
    assert (NORMALIZATION, "Tri-Z", "Tri-M") in asked
    assert len(asked) == len(set(asked)) == 8 + 2 * (1 + 3) + 4
    assert len(found) == len(METRICS) * len(asked)


def test_effects_follow_from_table_2(config: StudyConfig, metrics: pd.DataFrame) -> None:
    study = ScoredStudy(config, metrics)
    means = study.rows.set_index(["model", "testing", "cohort"])
    found = {
        (e.effect, e.metric.name, e.model.label, e.reference): e for e in effects_of_study(study)
    }
    drop = found[DROP, "mae", "Tri-M", "internal"]
    for name, here in drop.by_institution.items():
        ratio = means.loc[("Tri-M", name, "external"), "mae_mean"]
        ratio /= means.loc[("Tri-M", "Overall", "internal"), "mae_mean"]
        assert here.value - drop.shared.value == pytest.approx(math.log(ratio))
    gain = found[IMPROVEMENT, "psnr_db", "Tri-M", "Uni-m1;Uni-m2;Uni-m3"]
    for name, here in gain.by_institution.items():
        tri, *unis = (
            means.loc[(label, name, "external"), "psnr_mean_db"]
            for label in ("Tri-M", "Uni-m1", "Uni-m2", "Uni-m3")
        )
        assert here.value == pytest.approx(tri - np.mean(unis))
