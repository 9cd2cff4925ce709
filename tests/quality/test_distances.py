"""Distances between the intensities of institutions, and of training sets."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cohorts import COHORT, Configure, head, write_cohort
from scipy.stats import wasserstein_distance

from gfce.cohort.bids import Patient, write_dataset, write_patient
from gfce.cohort.index import index
from gfce.config import StudyConfig
from gfce.images.arrays import Geometry
from gfce.images.modalities import MODALITIES
from gfce.images.preprocess import preprocess
from gfce.images.volumes import to_image
from gfce.quality.distances import (
    POINTS,
    group_curve,
    pooled_sd,
    quantile_curve,
    wasserstein,
)
from gfce.quality.distances_step import distances
from gfce.study import Results


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2022)


def test_it_is_scipys_distance(rng: np.random.Generator) -> None:
    few = rng.gamma(2, 50, POINTS), rng.normal(120, 30, POINTS)
    expected = wasserstein_distance(*few)
    assert wasserstein(*map(quantile_curve, few)) == pytest.approx(expected, rel=1e-12)
    many = rng.gamma(2, 50, 40_000), rng.normal(120, 30, 7_013)
    expected = wasserstein_distance(*many)
    assert wasserstein(*map(quantile_curve, many)) == pytest.approx(expected, rel=2e-3)


def test_of_a_shift_it_is_the_shift_and_of_a_stretch_the_mean_deviation() -> None:
    uniform = quantile_curve(np.linspace(-1, 1, 10_001))
    assert wasserstein(uniform, uniform + 0.3) == pytest.approx(0.3)
    assert wasserstein(uniform, 3 * uniform) == pytest.approx(2 * 0.5, rel=1e-3)
    # Over the SD within groups, a shift is Cohen's d, whatever the unit.
    shifted = [100 * uniform, 100 * uniform + 30]
    assert wasserstein(*shifted) / pooled_sd(shifted) == pytest.approx(0.3 * 3**0.5, rel=1e-3)


def test_each_patient_weighs_the_same(rng: np.random.Generator) -> None:
    large, small = rng.normal(0, 1, 50_000), rng.normal(5, 1, 500)
    together = group_curve([quantile_curve(large), quantile_curve(small)])
    assert together.mean() == pytest.approx((large.mean() + small.mean()) / 2, abs=0.01)


def cohort_with_gains(config: StudyConfig) -> None:
    """Institutions with the same heads; B has a gain and an offset, C another gray scale."""
    maps: dict[str, Any] = {
        "A": lambda x: x,
        "B": lambda x: 3 * x + 50,
        "C": np.square,
        "D": lambda x: 7 * x,
    }
    for patient, institution in COHORT.items():
        number = int(patient[-1])
        images = {
            modality: to_image(
                maps[institution](head(3 * number + place)).astype(np.float32),
                Geometry((2.0, 1.5, 4.0), (-10.0, -20.0, 30.0)),
            )
            for place, modality in enumerate(MODALITIES)
        }
        write_patient(config.cohort.dataset, Patient(patient, institution, images, {}))
    write_dataset(config.cohort.dataset, "Heads with gains", COHORT, "tests")


def prepared(config: StudyConfig) -> Results:
    index(config)
    for institution in config.cohort.institutions:
        preprocess(config, institution)
    distances(config)
    return Results(config)


def test_a_gain_is_no_distance_and_another_scale_is_one(configure: Configure) -> None:
    config = configure(grid={"normalizations": ["min_max", "z_score"]})
    cohort_with_gains(config)
    table = pd.read_csv(prepared(config).institution_distances)
    assert len(table) == 2 * 3 * 6
    pairs = table.groupby(["institution_a", "institution_b"])["distance"]
    assert list(pairs.groups) == list(combinations("ABCD", 2))
    # A and B hold the same three heads, so normalization leaves nothing between them.
    assert pairs.max()["A", "B"] < 1e-3
    assert pairs.min()["A", "C"] > 0.1
    assert pairs.min()["A", "C"] == pytest.approx(pairs.min()["B", "C"], abs=1e-3)


def test_each_training_set_has_its_own_fit_and_is_compared_with_tested_patients(
    configure: Configure,
) -> None:
    config = configure(grid={"normalizations": ["min_max", "dataset_z_score"]})
    write_cohort(config.cohort.dataset, COHORT)
    results = prepared(config)
    table = pd.read_csv(results.training_distances)
    sets = list(config.training_sets())
    assert len(table) == 2 * 3 * len(sets) * 4
    assert list(dict.fromkeys(table["training_set"])) == sets
    assert set(table["n"]) == {1}
    cohorts = table[table["training_set"] == sets[0]].groupby("institution")["cohort"].first()
    assert cohorts.to_dict() == {"A": "internal", "B": "cross", "C": "cross", "D": "external"}
    scales = table[table["modality"] == "t1w"].groupby("normalization")["scale"].nunique()
    assert scales.to_dict() == {"dataset_z_score": len(sets), "min_max": 1}
    before = results.training_distances.read_bytes()
    distances(config)
    assert results.training_distances.read_bytes() == before
