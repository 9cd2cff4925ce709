"""What repairs gain, tests of them against none, and what patients of one's own are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import simulated_metrics, study

from gfce.config import StudyConfig
from gfce.contract.columns import OVERALL
from gfce.evaluation.metrics import METRICS
from gfce.files import records
from gfce.report.colours import model_looks
from gfce.report.figures.repairs import draw_repairs
from gfce.statistics.inference.exchange_curves import exchange_curves
from gfce.statistics.inference.exchange_rate import exchange_rates
from gfce.statistics.inference.paired_tests import paired_tests
from gfce.statistics.inference.repairs import repair_gains, repairs_text
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.table6_repairs import repair_sheets

REPAIRS: dict[str, Any] = {
    "few1": {"method": "few_shot", "options": {"patients": 1}},
    "few4": {"method": "few_shot", "options": {"patients": 4}},
    "fedavg": {},
    "stacked": {},
}
FACTORS = {"none": 1.0, "few1": 0.9, "few4": 0.6, "fedavg": 0.8, "stacked": 1.0}
"""External MAE of a repaired model, as part of that without a repair."""


def scored(grid: dict[str, Any], config: StudyConfig | None = None) -> ScoredStudy:
    """Scores in which each repair multiplies the external errors of the same patients."""
    config = config or study(grid=grid)
    metrics = simulated_metrics(config)
    keys = ["network", "normalization", "training_set", "patient_id", "scaling"]
    plain = metrics[metrics["repair"] == "none"].set_index(keys)["mae"]
    factor = metrics["repair"].map(FACTORS).where(metrics["cohort"] == "external", 1.0)
    metrics["mae"] = plain.reindex(metrics.set_index(keys).index).to_numpy() * factor
    return ScoredStudy(config, metrics)


@pytest.fixture(scope="module")
def repaired() -> ScoredStudy:
    return scored({"repairs": REPAIRS})


def varied(repaired: ScoredStudy) -> ScoredStudy:
    """The same with gains that differ from patient to patient, by a hundredth."""
    metrics = repaired.all_metrics.copy()
    noise = np.random.default_rng(3).normal(scale=0.01, size=len(metrics))
    metrics["mae"] *= 1 + np.where(metrics["repair"] == "none", 0, noise)
    return ScoredStudy(repaired.config, metrics)


def test_gains_are_those_that_were_put_in(repaired: ScoredStudy) -> None:
    exact = repair_gains(repaired)
    assert exact is not None
    factors = exact.loc[exact["metric"] == "mae", "repair"].map(FACTORS)
    of_mae = exact[exact["metric"] == "mae"]
    np.testing.assert_allclose(of_mae["gain_pct"], 100 * (1 - factors), atol=1e-9)
    np.testing.assert_allclose(of_mae["ratio"], 1 / factors)
    assert of_mae["ci95_low"].isna().all(), "without any spread there is no interval"


def test_what_is_shown_follows_the_interval(repaired: ScoredStudy) -> None:
    found = repair_gains(varied(repaired))
    assert found is not None
    mae = found[found["metric"] == "mae"]
    real = mae[mae["repair"] != "stacked"]
    assert set(real["shown"]) == {"better"}
    assert (real["ci95_low"] < 100 * (1 - real["repair"].map(FACTORS))).mean() > 0.8
    assert set(mae.loc[mae["repair"] == "fedavg", "model"]) == {"Tri-M fedavg", "Tri-Z fedavg"}
    assert (mae.loc[mae["repair"] != "stacked", "p_holm"] < 0.05).all()
    assert "Repair few4 against none, external MAE" in repairs_text(found)


def test_family_d_sets_each_repair_against_none_alone(repaired: ScoredStudy) -> None:
    tests = repaired.once(paired_tests)
    pairs = tests[tests["family"] == "D"][["model_a", "model_b"]].drop_duplicates()
    assert len(pairs) == 2 * (3 + 3 + 1 + 4)
    for a, b in pairs.itertuples(index=False):
        assert a.rpartition(" ")[0] == b


def test_repairs_change_no_p_of_models_without_one(repaired: ScoredStudy) -> None:
    """Families A, B and C of the paper's models are adjusted among themselves."""
    alone = paired_tests(scored({}))
    tests = repaired.once(paired_tests)
    labels = set(alone["model_a"]) | set(alone["model_b"])
    same = tests[(tests["family"] != "D") & tests["model_b"].isin(labels)]
    pd.testing.assert_frame_equal(same.reset_index(drop=True), alone)


def test_the_exchange_rate_is_where_the_lines_meet(repaired: ScoredStudy) -> None:
    """Errors fall from 1 to 0.9 to 0.6 of a model's own with 0, 1 and 4 patients."""
    found = exchange_rates(repaired)
    assert found is not None
    mae = found[(found["metric"] == "mae") & (found["model"] != OVERALL)]
    means = {model.label: repaired.means.external(model, METRICS[0]) for model in repaired.models}
    for row in records(mae):
        share = means[row["reference"]] / means[row["model"]]
        line = np.interp(-share, [-1, -0.9, -0.6], [0, 1, 4]) if share >= 0.6 else np.nan
        np.testing.assert_allclose(row["patients"], line, atol=1e-9)
        assert np.isnan(row["ci95_low"]) or row["ci95_low"] <= row["patients"] <= row["ci95_high"]
    assert {"Tri-M", "Tri-M fedavg", "Tri-M stacked"} <= set(mae["reference"])


def test_a_reference_out_of_reach_is_said_to_be(repaired: ScoredStudy) -> None:
    metrics = repaired.all_metrics.copy()
    metrics.loc[metrics["training_set"] == "tri", "mae"] /= 10
    found = exchange_rates(ScoredStudy(repaired.config, metrics))
    assert found is not None
    mae = found[found["metric"] == "mae"]
    assert mae["patients"].isna().all()
    assert mae["reason"].str.endswith("more than the 4 that were tried").all()


def test_curves_have_a_point_for_each_number_of_patients(repaired: ScoredStudy) -> None:
    found = exchange_curves(repaired)
    assert found is not None
    overall = found[(found["model"] == OVERALL) & (found["metric"] == "mae")]
    assert overall["patients"].tolist() == [0, 1, 4] * 2
    assert (overall["ci95_low"] < overall["external_mean"]).all()
    assert not found.duplicated(["model", "normalization", "repairs", "patients", "metric"]).any()


def test_table_6_has_a_row_for_each_repaired_model(repaired: ScoredStudy) -> None:
    (sheet,) = repair_sheets(varied(repaired))
    assert len(sheet.rows) == 2 * (3 + 3 + 1 + 4)
    assert sheet.printed.rows[0][:2] == ["Min-Max", "Uni-m1 few1"]
    assert sheet.printed.rows[0][2].endswith("]*")
    assert abs(sheet.rows["mae_gain_pct"].iloc[0] - 10) < 1


def test_without_repairs_there_is_nothing_of_it() -> None:
    plain = scored({})
    assert (repair_gains(plain), exchange_rates(plain), exchange_curves(plain)) == (None,) * 3
    assert repair_sheets(plain) == []


def test_the_figure_names_every_repaired_model(repaired: ScoredStudy) -> None:
    gains, points = repair_gains(repaired), exchange_curves(repaired)
    assert gains is not None
    assert points is not None
    looks = model_looks(repaired.config)
    rows = [records(table[table["metric"] == "mae"]) for table in (gains, points)]
    figure = draw_repairs(*rows, METRICS[0], looks)
    above = [axes for axes in figure.axes if axes.get_title()]
    names = {label.get_text() for axes in above for label in axes.get_yticklabels()}
    assert names == set(gains["model"])
    figure.canvas.draw()
