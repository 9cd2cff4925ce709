"""next_hospital.csv and next_hospital_institutions.csv of studies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import NAMES, SMALL_SIZES, simulated_metrics, study

from gfce.config import StudyConfig
from gfce.evaluation.metrics import METRICS
from gfce.statistics.inference.next_hospital import TABLE, next_hospital, next_hospital_text
from gfce.statistics.inference.next_hospital_institutions import TABLE as INSTITUTIONS
from gfce.statistics.inference.next_hospital_institutions import next_hospital_institutions
from gfce.statistics.questions import NEXT
from gfce.statistics.scored_study import ScoredStudy

NUMBERS = [c.name for c in TABLE.columns if c.type == "number"]


def with_external(results: Path, *names: str, **changes: object) -> StudyConfig:
    cohort = {"dataset": "bids", "development": NAMES[:3], "external": list(names)}
    return study(results, cohort=cohort, **changes)


@pytest.fixture
def scored(config: StudyConfig, metrics: pd.DataFrame) -> ScoredStudy:
    return ScoredStudy(config, metrics)


def test_each_question_has_a_row_for_each_estimator(scored: ScoredStudy) -> None:
    table = scored.once(next_hospital)
    assert len(table) == 2 * len(METRICS) * (8 + 8 + 4)
    assert not table.duplicated(list(TABLE.key)).any()
    assert not INSTITUTIONS.frame([]).columns.empty
    assert table["k"].eq(4).all()
    assert table["n"].eq(sum(SMALL_SIZES[name] for name in NAMES[3:])).all()
    assert table[NUMBERS].notna().all(axis=None)
    assert table["reason"].eq("").all()


def test_what_is_reported_is_the_estimate_in_other_units(scored: ScoredStudy) -> None:
    table = scored.once(next_hospital)
    drops = table[(table["metric"] == "mae") & (table["effect"] == "drop")]
    assert drops["reported_estimate"].to_numpy(float) == pytest.approx(
        100 * (np.exp(drops["estimate"].to_numpy(float)) - 1)
    )
    gains = table[(table["metric"] == "mae") & (table["effect"] == "improvement")]
    assert gains["reported_pi95_low"].to_numpy(float) == pytest.approx(
        100 * (1 - np.exp(-gains["pi95_low"].to_numpy(float)))
    )
    decibels = table[table["metric"] == "psnr_db"]
    assert (decibels["reported_ci95_high"] == decibels["ci95_high"]).all()
    assert set(decibels["reported_unit"]) == {"dB"}
    assert set(table.loc[table["scale"] == "log_ratio", "metric"]) == {"mae", "nmse", "hfen"}


def test_a_worse_hospital_is_a_larger_drop(config: StudyConfig, metrics: pd.DataFrame) -> None:
    """Scores of external patients twice as bad: drops of MAE grow by log 2, PSNR's by 6 dB."""
    outside = metrics["cohort"] == "external"
    worse = metrics.copy()
    worse.loc[outside, "mae"] *= 2
    worse.loc[outside, "psnr_db"] -= 6
    before, after = (next_hospital(ScoredStudy(config, m)) for m in (metrics, worse))
    shift = after["estimate"] - before["estimate"]
    for effect, metric, expected in (
        ("drop", "mae", np.log(2)),
        ("drop", "psnr_db", 6),
        ("improvement", "mae", 0),
        ("normalization", "psnr_db", 0),
    ):
        chosen = (before["effect"] == effect) & (before["metric"] == metric)
        assert shift[chosen].to_numpy() == pytest.approx(np.full(chosen.sum(), expected), abs=1e-9)


def test_seeds_are_averaged_before_anything_else(tmp_path: Path) -> None:
    config = study(tmp_path, grid={"seeds": [1, 2]})
    metrics = simulated_metrics(config)
    keys = ["model", "patient_id", "region", "scaling"]
    averaged = metrics.copy()
    names = [metric.name for metric in METRICS]
    averaged[names] = metrics.groupby(keys)[names].transform("mean")
    tables = [next_hospital(ScoredStudy(config, m)) for m in (metrics, averaged)]
    pd.testing.assert_frame_equal(*tables, rtol=1e-9)


def test_the_influence_is_that_of_a_study_without_the_institution(
    tmp_path: Path, scored: ScoredStudy
) -> None:
    single = scored.once(next_hospital_institutions)
    assert not single.duplicated(list(INSTITUTIONS.key)).any()
    smaller = with_external(tmp_path, *NAMES[3:5], NAMES[6])
    without = next_hospital(ScoredStudy(smaller, simulated_metrics(smaller)))
    without = without[without["estimator"] == "REML"].reset_index(drop=True)
    left = single[single["institution"] == NAMES[5]].reset_index(drop=True)
    assert (left[["effect", "metric", "model"]] == without[["effect", "metric", "model"]]).all(
        axis=None
    )
    for name in ("estimate", "ci95_low", "pi95_high", "tau"):
        found, expected = left[f"{name}_without"].to_numpy(), without[name].to_numpy()
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9), name
    weights = single.groupby(["effect", "metric", "model", "reference"])["weight"].sum()
    assert weights.to_numpy() == pytest.approx(np.ones(len(weights)))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_institutions_give_a_reason(tmp_path: Path, count: int) -> None:
    config = with_external(tmp_path, *NAMES[3 : 3 + count])
    scored = ScoredStudy(config, simulated_metrics(config))
    table = next_hospital(scored)
    assert table[NUMBERS].isna().all(axis=None)
    assert set(table["reason"]) == {f"{count} institutions: random effects need 3"}
    single = next_hospital_institutions(scored)
    assert len(single) == count * len(table) / 2
    assert single["estimate"].notna().all() or count == 0
    assert single["estimate_without"].isna().all()
    assert "not known (" in next_hospital_text(table)


def test_a_single_patient_cannot_be_weighed(tmp_path: Path) -> None:
    config = study(tmp_path)
    sizes = SMALL_SIZES | {NAMES[5]: 1}
    scored = ScoredStudy(config, simulated_metrics(config, sizes))
    table = next_hospital(scored)
    assert table["k"].eq(3).all()
    assert set(table["reason"]) == {f"left out: {NAMES[5]} (a single patient)"}
    assert table[NUMBERS].notna().all(axis=None)
    single = next_hospital_institutions(scored)
    alone = single[single["institution"] == NAMES[5]]
    assert set(alone["reason"]) == {"a single patient"}
    assert alone["weight"].eq(0).all()
    assert alone["se"].isna().all()


def test_an_internal_test_of_one_patient_leaves_drops_without_intervals(tmp_path: Path) -> None:
    config = study(tmp_path)
    sizes = SMALL_SIZES | {NAMES[0]: 1}
    table = next_hospital(ScoredStudy(config, simulated_metrics(config, sizes)))
    own = table[(table["effect"] == "drop") & (table["model"] == "Uni-m1")]
    assert own["estimate"].notna().all()
    assert own[["se", "ci95_low", "pi95_high"]].isna().all(axis=None)
    assert set(own["reason"]) == {"internal test: a single patient"}
    assert "no interval: internal test: a single patient" in next_hospital_text(table)


def test_the_text_says_direction_size_interval_and_number(scored: ScoredStudy) -> None:
    lines = next_hospital_text(scored.once(next_hospital)).splitlines()
    assert len(lines) == 2 * 3
    drop, gain = lines[0], lines[1]
    assert drop.startswith(
        "- Drop from home to a next hospital (MAE; positive is worse; 4 institutions): Uni-m1 +"
    )
    row = scored.once(next_hospital).iloc[0]
    bounds = [row[f"reported_{name}"] for name in ("pi95_low", "pi95_high")]
    assert f"new hospital [{bounds[0]:.2f}, {bounds[1]:.2f}]" in drop
    assert "Tri-M" in gain and "Uni" not in gain.partition(": ")[2]
    assert "random sample of hospitals" in NEXT.limits


def test_a_hospital_that_is_not_scored_is_named(config: StudyConfig, metrics: pd.DataFrame) -> None:
    rest = metrics[metrics["institution"] != NAMES[3]]
    table = next_hospital(ScoredStudy(config, rest))
    assert set(table["reason"]) == {f"left out: {NAMES[3]} (no patient is scored)"}
    assert table["k"].eq(3).all()
