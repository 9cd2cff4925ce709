"""Power of a study's comparisons, and what it will say of a further hospital."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from cohorts import Configure
from samples_of_scores import PAPER_SIZES, simulated_metrics, study
from scipy import stats

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.estimating.size import StudySize
from gfce.planning.pilot import ASSUMED_SD, difference_sd, hospital_sd, patient_sd, pilot_scores
from gfce.planning.plan import plan
from gfce.planning.plan_text import plan_text
from gfce.planning.power import (
    POWER,
    detectable,
    expected_hospitals,
    expected_power,
    hospitals_for,
    non_inferiority_power,
    patients_for_margin,
    prediction_half_width,
)
from gfce.statistics.scored_study import ScoredStudy
from gfce.study import Results

SIMULATION = {"patients": {"A": 6, "B": 5, "C": 4, "D": 3}, "slices": 7}


@pytest.fixture
def scored(tmp_path: Path) -> StudyConfig:
    """A study with scores of two seeds."""
    config = study(tmp_path, grid={"seeds": [1, 2]})
    Results(config).metrics.parent.mkdir(parents=True)
    simulated_metrics(config, PAPER_SIZES).to_csv(Results(config).metrics, index=False)
    return config


def test_a_difference_is_found_as_often_as_is_said() -> None:
    rng, patients, sd = np.random.default_rng(1), 18, 0.007
    samples = rng.normal(detectable(sd, patients), sd, size=(20_000, patients))
    found = stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(POWER, abs=4 * math.sqrt(0.16 / 20_000))
    # G*Power 3.1: effect 0.5, two-sided 5 %, power 80 %, 34 pairs.
    assert detectable(1.0, 34) == pytest.approx(0.4942, abs=2e-3)
    assert detectable(1.0, 1) is None


def test_non_inferiority_is_shown_as_often_as_is_said() -> None:
    rng, patients, sd, margin = np.random.default_rng(2), 18, 0.007, 0.004
    samples = rng.normal(0, sd, size=(20_000, patients))
    shown = stats.ttest_1samp(samples, margin, axis=1, alternative="less").pvalue < 0.025
    power = non_inferiority_power(sd, margin, patients)
    assert power == pytest.approx(shown.mean(), abs=0.015)
    needed = patients_for_margin(sd, margin)
    assert needed is not None
    assert (non_inferiority_power(sd, margin, needed) or 0) >= POWER
    assert (non_inferiority_power(sd, margin, needed - 1) or 1) < POWER
    assert patients_for_margin(1.0, 1e-4) is None
    assert non_inferiority_power(1.0, 1.0, 1) is None


def test_a_further_hospital_is_within_as_often_as_is_said() -> None:
    rng = np.random.default_rng(3)
    means = rng.normal(size=(20_000, 5))
    sds = means[:, :4].std(axis=1, ddof=1)
    half = np.array([prediction_half_width(sd, 4) for sd in sds])
    inside = np.abs(means[:, 4] - means[:, :4].mean(axis=1)) <= half
    assert inside.mean() == pytest.approx(0.95, abs=4 * math.sqrt(0.0475 / 20_000))


def test_the_number_of_hospitals_is_the_smallest_that_is_enough() -> None:
    needed = hospitals_for(0.005, 0.012)
    assert needed is not None
    assert prediction_half_width(0.005, needed) <= 0.012 < prediction_half_width(0.005, needed - 1)
    assert hospitals_for(0.005, 0.0097) is None
    assert prediction_half_width(0.005, None) == pytest.approx(1.96 * 0.005, rel=1e-4)


def test_nothing_scored_is_as_in_the_paper(configure: Configure) -> None:
    size = StudySize(configure(simulation=SIMULATION))
    rows = {row.scope: row for row in expected_power(size)}
    assert list(rows) == ["A", "B", "C", "D", "external"]
    assert rows["external"].patients == rows["D"].patients == 3
    assert rows["D"].source == "assumed"
    assert rows["D"].detectable["mae"] == pytest.approx(detectable(ASSUMED_SD["mae"], 3))
    hospitals = expected_hospitals(size, {})
    assert hospitals.source == "published"
    # Uni-m1's external means alone, in the paper's table II: SD 8.1e-3; the mean of eight models.
    assert 0.003 < hospitals.sd["mae"] < 0.0081


def test_what_is_scored_says_how_scores_vary(scored: StudyConfig) -> None:
    rows = pilot_scores(StudySize(scored))
    scores = ScoredStudy(scored, simulated_metrics(scored, PAPER_SIZES)).scores
    own = scores[scores["institution"] == "Institution-4"]
    axes = ["normalization", "training_set"]
    wide = own.pivot_table(index="patient_id", columns=axes, values="mae")
    pairs = [
        (wide[a] - wide[b]).std()
        for i, a in enumerate(wide)
        for b in list(wide)[:i]
        if (a[0] == b[0]) != (a[1] == b[1])
    ]
    found = difference_sd(row for row in rows if row["institution"] == "Institution-4")
    assert found is not None
    assert found["mae"] == pytest.approx(np.mean(pairs))
    external = scores[scores["cohort"] == "external"]
    means = external.groupby(["model", "institution"])["mae"].mean().groupby("model").std()
    hospitals = hospital_sd(row for row in rows if row["cohort"] == "external")
    assert hospitals is not None
    assert hospitals["mae"] == pytest.approx(means.mean())
    assert {row.source for row in expected_power(StudySize(scored))} == {"pilot"}
    assert expected_hospitals(StudySize(scored), {}).source == "pilot"


def test_scores_of_cross_tests_and_infinite_ones_are_left_out(scored: StudyConfig) -> None:
    path = Results(scored).metrics
    before = patient_sd(pilot_scores(StudySize(scored)))
    lines = path.read_text().splitlines()
    changed = [line.replace(",internal,", ",cross,") for line in lines if ",internal," in line]
    path.write_text("\n".join([*lines, *changed]) + "\n")
    assert patient_sd(pilot_scores(StudySize(scored))) == before
    one = {**pilot_scores(StudySize(scored))[0], "psnr_db": "inf"}
    assert patient_sd([*pilot_scores(StudySize(scored)), one]) is not None


def test_a_plan_answers_how_many_hospitals(configure: Configure) -> None:
    found = plan(configure(simulation=SIMULATION), half_widths={"mae": 0.02, "psnr_db": 0.1})
    text = plan_text(found)
    assert f"MAE +-0.02 needs: {found.expected_hospitals.needed['mae']} hospitals" in text
    assert "PSNR +-0.1 dB needs: no number of hospitals is enough" in text


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [({"ssim": 1.0}, "ssim: is not planned: give one of mae, psnr_db"), ({"mae": 0.0}, "above 0")],
)
def test_a_wrong_half_width_is_a_mistake(
    configure: Configure, wanted: dict[str, float], problem: str
) -> None:
    with pytest.raises(UserError, match=problem):
        plan(configure(), half_widths=wanted)
