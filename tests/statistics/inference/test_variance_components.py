"""Variances of institutions, patients and seeds, against lme4, an analysis of variance, by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from samples_of_scores import SMALL_SIZES, simulated_metrics, study
from test_mixed_model import LME4, lme4_study

from gfce.statistics.inference.variance_components import CHANGES, TABLE, seed_components
from gfce.statistics.methods.components import (
    COMPONENTS,
    deviance,
    strata,
    variance_components,
)
from gfce.statistics.scored_study import ScoredStudy


@pytest.fixture
def unbalanced(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Scores (patients, seeds) of four institutions, and each patient's institution."""
    codes = np.repeat(np.arange(4), (6, 3, 4, 2))
    scores = rng.normal(size=(15, 3)) + rng.normal(size=4)[codes][:, None]
    scores += rng.normal(size=(15, 1)) + 0.5 * rng.normal(size=(4, 3))[codes]
    return scores + rng.normal(size=3), codes


def dense(scores: NDArray[np.float64], codes: NDArray[np.intp], variances: list[float]) -> float:
    """The restricted deviance from the covariance matrix of all scores."""
    patients, seeds = scores.shape
    institution = np.repeat(codes, seeds)
    patient, seed = np.repeat(np.arange(patients), seeds), np.tile(np.arange(seeds), patients)
    same = [(x[:, None] == x).astype(float) for x in (institution, patient, seed)]
    parts = [*same, same[0] * same[2], np.eye(scores.size)]
    covariance = sum(v * part for v, part in zip(variances, parts, strict=True))
    inverse = np.linalg.inv(covariance)
    one, y = np.ones(scores.size), scores.ravel()
    fixed = one @ inverse @ one
    square = y @ inverse @ y - (one @ inverse @ y) ** 2 / fixed
    return float(np.linalg.slogdet(covariance)[1] + np.log(fixed) + square)


def test_the_deviance_is_that_of_all_scores(
    unbalanced: tuple[NDArray[np.float64], NDArray[np.intp]],
) -> None:
    scores, codes = unbalanced
    data = strata(scores, codes)
    points = [[1, 1, 1, 1, 1], [0.3, 2, 0.1, 0.7, 0.5], [0, 1, 0, 0, 2.0]]
    differences = [
        dense(scores, codes, list(map(float, v))) - deviance(data, np.array(v, float))[0]
        for v in points
    ]
    assert differences == pytest.approx([differences[0]] * 3)  # but for a constant
    point, step = np.array(points[1]), 1e-6
    slopes = [
        (deviance(data, point + step * e)[0] - deviance(data, point - step * e)[0]) / (2 * step)
        for e in np.eye(5)
    ]
    assert deviance(data, point)[1] == pytest.approx(slopes, rel=1e-6)


def test_of_one_institution_it_is_the_analysis_of_variance(rng: np.random.Generator) -> None:
    patients, seeds = 18, 4
    scores = rng.normal(size=(patients, 1)) + rng.normal(size=seeds)
    scores = scores + 0.5 * rng.normal(size=(patients, seeds))
    found = variance_components(scores, np.zeros(patients, int))
    assert found is not None
    effects = scores - scores.mean(axis=0) - scores.mean(axis=1, keepdims=True) + scores.mean()
    error = np.square(effects).sum() / ((patients - 1) * (seeds - 1))
    own = dict(zip(COMPONENTS, found, strict=True))
    assert own["patient"] == pytest.approx(scores.mean(axis=1).var(ddof=1) - error / seeds)
    assert own["seed"] == pytest.approx(scores.mean(axis=0).var(ddof=1) - error / patients)
    assert own["patient:seed"] == pytest.approx(error)
    assert math.isnan(own["institution"])


@pytest.mark.parametrize("metric", ["mae", "psnr_db"])
@pytest.mark.parametrize("model", ["Uni-m1", "Tri-Z"])
def test_the_variances_are_those_of_lme4(model: str, metric: str) -> None:
    table = seed_components(lme4_study())
    own = table[(table["model"] == model) & (table["metric"] == metric)]
    own = own[own["cohort"] == "external"].set_index("component")["sd"]
    known = pd.read_csv(LME4 / "expected.csv", keep_default_na=False)
    known = known[known["fit"] == f"seeds {model} {metric}"].set_index("term")["value"]
    for component in COMPONENTS:
        # lme4 leaves a variance of 0 at the order of its tolerance.
        assert own[component] == pytest.approx(known[component], rel=1e-3, abs=1e-3 * own.max())


def test_what_would_change_is_the_sum_of_its_parts() -> None:
    table = seed_components(lme4_study())
    own = table.query("model == 'Tri-Z' and metric == 'mae' and cohort == 'external'")
    own = own.set_index("component")
    for name, parts in CHANGES.items():
        for column, power in (("variance", 1), ("share", 1), ("sd", 2), ("sd_of_mean", 2)):
            sums = (own.loc[list(parts), column] ** power).sum() ** (1 / power)
            assert own.loc[name, column] == pytest.approx(sums), (name, column)
    assert own.loc[list(COMPONENTS), "share"].sum() == pytest.approx(1)
    # By hand: 4 institutions of 4, 3, 5, 4 patients, 3 seeds.
    assert own["n_institutions"].eq(4).all()
    part = (1 / 4 + 1 / 3 + 1 / 5 + 1 / 4) / 16
    variance = own["variance"]
    assert own.loc["patient", "sd_of_mean"] == pytest.approx((variance["patient"] * part) ** 0.5)
    assert own.loc["seed", "sd_of_mean"] == pytest.approx((variance["seed"] / 3) ** 0.5)


def test_what_cannot_be_told_says_why() -> None:
    one = seed_components(ScoredStudy(study(), simulated_metrics(study(), SMALL_SIZES)))
    assert one["variance"].isna().all()
    assert set(one["reason"]) == {"one seed: chance of training cannot be told from patients"}
    table = seed_components(lme4_study())
    internal = table.query("model == 'Uni-m1' and cohort == 'internal' and metric == 'mae'")
    missing = internal[internal["variance"].isna()]
    assert set(missing["component"]) == {"institution", "institution:seed", "other hospitals"}
    assert set(missing["reason"]) == {"one institution"}
    retraining = internal.set_index("component").loc["retraining", "variance"]
    parts = internal.set_index("component").loc[["seed", "patient:seed"], "variance"]
    assert retraining == pytest.approx(parts.sum())
    assert list(table.columns) == TABLE.names


def test_a_patient_that_a_seed_lacks_is_left_out() -> None:
    scored = lme4_study()
    lacking = (scored.metrics["patient_id"] == "400") & (scored.metrics["seed"] == 2)
    table = seed_components(ScoredStudy(scored.config, scored.metrics[~lacking]))
    external = table[table["cohort"] == "external"]
    assert set(external["n_dropped"]) == {1}
    assert set(external["n_patients"]) == {15}
