"""Random-effects meta-analysis against metafor, statsmodels and the likelihood itself."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from statsmodels.stats.meta_analysis import combine_effects

from gfce.evaluation.metrics import metric_named
from gfce.statistics.design import Model
from gfce.statistics.inference.institution_effects import (
    EXACTLY_NOTHING,
    IMPROVEMENT,
    PAIRED,
    Estimate,
    InstitutionEffects,
)
from gfce.statistics.inference.random_effects import hospital_rows
from gfce.statistics.methods.meta_analysis import pool
from gfce.study import Cell

METAFOR = pd.read_csv(Path(__file__).parent / "meta_analysis.csv").to_dict("records")
"""What meta_analysis.R, beside this file, found with metafor 3.8-1."""


def problem(row: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    y, v = (np.array([float(number) for number in row[name].split()]) for name in ("yi", "vi"))
    return y[None], v[None]


def random_problem(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    k = int(rng.integers(3, 15))
    v = rng.gamma(2, 0.5, k) * 10 ** rng.uniform(-3, 1)
    return rng.normal(rng.normal(), np.sqrt(v + rng.exponential(0.5) ** 2))[None], v[None]


def as_effects(y: np.ndarray, v: np.ndarray, shared: Estimate) -> InstitutionEffects:
    model = Model("a", Cell("net", "min_max", "tri", 1), ("A", "B"), ())
    at = {
        str(i): Estimate(float(a), float(b), math.inf, 9)
        for i, (a, b) in enumerate(zip(y[0], v[0], strict=True))
    }
    metric = metric_named("psnr_db")
    return InstitutionEffects(IMPROVEMENT, metric, model, "b", PAIRED, at, shared)


@pytest.mark.parametrize("row", METAFOR, ids=lambda r: f"{r['problem']}-{r['estimator']}")
def test_it_finds_what_metafor_finds(row: dict[str, Any]) -> None:
    y, v = problem(row)
    pooled = pool(y, v, row["estimator"])
    assert pooled.k[0] == row["k"]
    found = {
        "mean": pooled.mean[0],
        "hksj_se": math.sqrt(pooled.hksj_variance[0]),
        "se": math.sqrt(pooled.variance[0]),
        "tau2": pooled.tau2[0],
        "i2": pooled.i2[0],
        "q": pooled.q[0],
        "q_p": pooled.q_p[0],
    }
    assert found == pytest.approx({name: row[name] for name in found}, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("row", METAFOR, ids=lambda r: f"{r['problem']}-{r['estimator']}")
def test_its_intervals_are_those_of_metafor(row: dict[str, Any]) -> None:
    rows = list(hospital_rows([as_effects(*problem(row), EXACTLY_NOTHING)]))
    (found,) = (found for found in rows if found["estimator"] == row["estimator"])
    names = ("ci95_low", "ci95_high", "pi95_low", "pi95_high")
    assert [found[n] for n in names] == pytest.approx([row[n] for n in names], rel=1e-9)


def test_dersimonian_laird_is_that_of_statsmodels(rng: np.random.Generator) -> None:
    compared = 0
    for y, v in (random_problem(rng) for _ in range(50)):
        pooled = pool(y, v, "DL")
        if pooled.tau2[0] == 0:
            continue  # statsmodels lets it be negative
        compared += 1
        theirs = combine_effects(y[0], v[0], method_re="dl", use_t=True)
        assert pooled.tau2[0] == pytest.approx(theirs.tau2, rel=1e-9)
        assert pooled.mean[0] == pytest.approx(theirs.mean_effect_re, rel=1e-9)
        assert pooled.hksj_variance[0] == pytest.approx(theirs.var_hksj_re, rel=1e-9)
    assert compared > 25


def test_reml_is_at_the_maximum_of_the_restricted_likelihood(rng: np.random.Generator) -> None:
    def minus_likelihood(tau2: float, y: np.ndarray, v: np.ndarray) -> float:
        w = 1 / (v + tau2)
        mean = (w * y).sum() / w.sum()
        return 0.5 * float(-np.log(w).sum() + np.log(w.sum()) + (w * (y - mean) ** 2).sum())

    for _ in range(200):  # of which some make undamped steps go back and forth for ever
        y, v = random_problem(rng)
        tau2 = float(pool(y, v).tau2[0])
        top = 10 * float(y.var() + v.max())
        best = min(
            optimize.minimize_scalar(
                minus_likelihood, bounds=bounds, args=(y[0], v[0]), method="bounded"
            ).fun
            for bounds in ((0, top), (0, top / 100), (0, top / 10_000))
        )
        best = min(best, minus_likelihood(0, y[0], v[0]))
        assert minus_likelihood(tau2, y[0], v[0]) <= best + 1e-9


def test_many_at_a_time_are_as_one_by_one(rng: np.random.Generator) -> None:
    """With NaN where an analysis has fewer institutions, wherever it stands."""
    problems = [random_problem(rng) for _ in range(20)]
    y, v = np.full((20, 20), np.nan), np.full((20, 20), np.nan)
    for number, (one, variance) in enumerate(problems):
        places = rng.permutation(20)[: one.size]
        y[number, places], v[number, places] = one[0], variance[0]
    together = pool(y, v)
    for number, one_problem in enumerate(problems):
        alone = pool(*one_problem)
        for name in ("mean", "hksj_variance", "tau2", "q_p", "i2"):
            values = [getattr(found, name)[i] for found, i in ((together, number), (alone, 0))]
            assert values[0] == pytest.approx(values[1], rel=1e-8, abs=1e-12), name
    assert together.weights.sum(axis=1) == pytest.approx(np.ones(20))
    assert (together.weights[np.isnan(y)] == 0).all()


def test_two_institutions_give_no_numbers() -> None:
    pooled = pool(np.array([[1.0, 2.0, np.nan]]), np.array([[0.1, 0.1, 0.1]]))
    assert pooled.k[0] == 2
    for values in (pooled.mean, pooled.tau2, pooled.q, pooled.q_p, pooled.i2):
        assert np.isnan(values[0])
    (row, _) = hospital_rows([as_effects(np.array([[1.0, 2.0]]), np.array([[0.1, 0.1]]), SHARED)])
    assert row["reason"] == "2 institutions: random effects need 3"
    numbers = ("estimate", "se", "ci95_low", "pi95_high", "tau", "i2", "q", "reported_estimate")
    assert np.isnan([row[name] for name in numbers]).all()


SHARED = Estimate(0.4, 0.03, 17, 18)


def test_what_is_shared_is_subtracted_once(rng: np.random.Generator) -> None:
    y, v = random_problem(rng)
    alone, shared = (
        next(hospital_rows([as_effects(y, v, common)])) for common in (EXACTLY_NOTHING, SHARED)
    )
    assert shared["estimate"] == pytest.approx(alone["estimate"] - 0.4)
    assert shared["se"] ** 2 == pytest.approx(alone["se"] ** 2 + 0.03)
    for name in ("tau", "q", "i2"):
        assert shared[name] == alone[name], "heterogeneity is that of the external institutions"


def test_a_new_hospital_is_less_certain_than_the_mean(rng: np.random.Generator) -> None:
    for _ in range(200):
        for common in (EXACTLY_NOTHING, SHARED):
            for row in hospital_rows([as_effects(*random_problem(rng), common)]):
                assert row["pi95_low"] < row["ci95_low"] < row["estimate"] < row["ci95_high"]
                assert row["ci95_high"] < row["pi95_high"]
