"""Two one-sided tests of equivalence."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import study
from statsmodels.stats.weightstats import ttost_paired

from gfce.contract.columns import OVERALL
from gfce.statistics.inference.equivalence import equivalence_tests, tost
from gfce.statistics.scored_study import ScoredStudy


def test_tost_against_statsmodels(rng: np.random.Generator) -> None:
    a, b = rng.normal(25, 3, 18), rng.normal(25.2, 3, 18)
    found = tost(a - b, 2.0)
    p, lower, upper = ttost_paired(a, b, -2.0, 2.0)
    assert (found["p"], found["p_lower"], found["p_upper"]) == pytest.approx(
        (p, lower[1], upper[1])
    )


@pytest.mark.parametrize("shift", [0.0, 1.0, 1.6, 1.9, 3.0])
def test_tost_is_the_90_percent_interval_within_the_margins(
    rng: np.random.Generator, shift: float
) -> None:
    difference = rng.normal(shift, 1, 12)
    found = tost(difference, 2.0)
    assert (found["p"] < 0.05) == (found["ci90_low"] > -2 and found["ci90_high"] < 2)


@pytest.mark.parametrize(
    ("difference", "p", "reason"),
    [
        ([], math.nan, "fewer than two"),
        ([0.1], math.nan, "fewer than two"),
        ([0.0, 0.0], 0.0, "the same in every patient"),
        ([3.0, 3.0], 1.0, "the same in every patient"),
    ],
)
def test_tost_without_spread(difference: list[float], p: float, reason: str) -> None:
    found = tost(np.array(difference), 2.0)
    assert found.get("p", math.nan) == pytest.approx(p, nan_ok=True)
    assert reason in found["reason"]


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
