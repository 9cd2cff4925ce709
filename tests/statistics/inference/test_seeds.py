"""Spread between seeds."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from samples_of_scores import PAPER_SIZES, simulated_metrics, study

from gfce.contract.columns import OVERALL
from gfce.statistics.inference.seeds import seed_spread
from gfce.statistics.scored_study import ScoredStudy


def test_spread_between_seeds_by_hand() -> None:
    config = study(grid={"seeds": [1, 2]})
    metrics = simulated_metrics(config, dict.fromkeys(PAPER_SIZES, 2), ("reference",))
    own = (metrics["model"] == "Uni-m1") & (metrics["institution"] == "Institution-4")
    metrics.loc[own, "mae"] = [1.0, 3.0, 2.0, 8.0]  # seed 1: patients a, b; seed 2: a, b
    table = seed_spread(ScoredStudy(config, metrics)).set_index(["model", "testing", "metric"])
    row = table.loc[("Uni-m1", "Institution-4", "mae")]
    # Seed means 2 and 5: SD 3 / sqrt 2. Patients' means 1.5 and 5.5: SD 4 / sqrt 2; mean 3.5.
    assert row["mean"] == 3.5
    assert row["sd_between_seeds"] == pytest.approx(3 / math.sqrt(2))
    assert row["sd_between_patients"] == pytest.approx(4 / math.sqrt(2))
    assert (row["lowest_seed_mean"], row["highest_seed_mean"]) == (2.0, 5.0)
    overall = table.loc[("Uni-m1", OVERALL, "mae")]
    assert overall["n_seeds"] == 2
    assert row["reason"] == ""


def test_a_single_seed_has_no_spread(metrics: pd.DataFrame) -> None:
    table = seed_spread(ScoredStudy(study(), metrics))
    assert table["sd_between_seeds"].isna().all()
    assert set(table["reason"]) == {"one seed has no spread"}
