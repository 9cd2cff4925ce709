"""Correlation of a model's error with the distance from its training patients."""

from __future__ import annotations

import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import NAMES, SMALL_SIZES, simulated_metrics, study
from scipy.stats import spearmanr

from gfce.config import StudyConfig
from gfce.files import write_csv, write_json
from gfce.quality.distance_tables import TRAINING_DISTANCES
from gfce.statistics.inference.distance_effect import distance_effect, distance_effect_text
from gfce.statistics.inference.distance_effect_institutions import distance_effect_institutions
from gfce.statistics.methods.rank_correlation import (
    bootstrap_interval,
    least_p,
    permutation_p,
    spearman,
)
from gfce.statistics.scored_study import ScoredStudy
from gfce.steps import Task
from gfce.study import Results, with_remotes
from gfce.study.remote import DESCRIPTION, SIGNATURE, signature


def with_distances(config: StudyConfig, known: list[str]) -> None:
    """Distances of some institutions: the later in the list, the further; CE's mean nothing."""
    rows = [
        {
            "normalization": normalization,
            "modality": modality,
            "training_set": training_set,
            "institution": name,
            "distance": 0.1 * place + {"t1w": 0.1, "t2w": 0.3, "ce": 9.0}[modality],
        }
        for normalization in config.grid.normalizations
        for training_set in config.training_sets()
        for place, name in enumerate(known)
        for modality in ("t1w", "t2w", "ce")
    ]
    write_csv(TRAINING_DISTANCES.frame(rows), Results(config).training_distances)


def scored(config: StudyConfig, known: list[str] | None) -> ScoredStudy:
    """Errors that grow with the place of an institution, for every model."""
    metrics = simulated_metrics(config, dict.fromkeys(config.cohort.institutions, 3))
    metrics["mae"] = metrics["institution"].map(config.cohort.institutions.index) / 100.0
    metrics["psnr_db"] = 30 - 100 * metrics["mae"]
    if known is not None:
        with_distances(config, known)
    return ScoredStudy(config, metrics)


def overall(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["model"] == "Overall"]


def test_further_is_worse_where_it_is(tmp_path: Path) -> None:
    table = distance_effect(scored(study(tmp_path), NAMES))
    assert len(table) == 2 * 2 * 5
    assert table["rho"].to_numpy() == pytest.approx(1)  # of PSNR, too: positive is worse
    assert set(table["n_institutions"]) == {4}
    assert set(overall(table)["n_models"]) == {4}
    # Of 24 orders the true one and its reverse are as extreme.
    assert table["p"].to_numpy() == pytest.approx(2 / 24)
    assert set(overall(table)["p_least"]) == {1 / 24}
    assert table["ci95_low"].isna().all()
    assert set(table["reason"]) == {"no interval: 4 institutions, it needs 5"}
    assert "p = 0.083 (the least that so many institutions" in distance_effect_text(table)


def test_the_distance_is_that_of_the_inputs(tmp_path: Path) -> None:
    points = distance_effect_institutions(scored(study(tmp_path), NAMES))
    assert not points.duplicated(["metric", "model", "institution"]).any()
    one = points[(points["model"] == "Uni-m1") & (points["metric"] == "mae")]
    assert list(one["institution"]) == [NAMES[0], *NAMES[3:]]
    assert list(one["cohort"]) == ["internal"] + 4 * ["external"]
    assert one["distance"].to_numpy() == pytest.approx([0.2, 0.5, 0.6, 0.7, 0.8])
    assert one["mean"].to_numpy() == pytest.approx([0.0, 0.03, 0.04, 0.05, 0.06])


def test_six_institutions_have_an_interval(tmp_path: Path) -> None:
    names = [f"Clinic-{number}" for number in range(6)]
    cohort = {"dataset": "bids", "development": NAMES[:3], "external": names}
    config = study(tmp_path, cohort=cohort)
    table = distance_effect(scored(config, [*NAMES, *names]))
    assert table["ci95_low"].to_numpy() == pytest.approx(1)
    assert table["p"].to_numpy() == pytest.approx(2 / math.factorial(6))
    assert "worse where it is larger" in distance_effect_text(table)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (None, "no distances: not made yet"),
        (NAMES[:5], "2 external institutions with a distance, a correlation needs 3; no distance"),
    ],
)
def test_without_distances_it_goes_on_and_says_why(
    tmp_path: Path, known: list[str] | None, reason: str
) -> None:
    table = distance_effect(scored(study(tmp_path), known))
    assert table["rho"].isna().all()
    assert all(text.startswith(reason) for text in table["reason"])
    assert reason in distance_effect_text(table)


def test_a_merged_institution_has_scores_and_no_distance(tmp_path: Path) -> None:
    cohort = {"dataset": "bids", "development": NAMES[:3], "external": NAMES[3:6]}
    config = study(tmp_path, cohort=cohort)
    description = {"institution": NAMES[6]}
    folder = Results(config).remote / NAMES[6]
    write_json({**description, SIGNATURE: signature(description)}, folder / DESCRIPTION)
    merged = scored(with_remotes(config), NAMES[:6])
    points = distance_effect_institutions(merged).query("institution == @NAMES[6]")
    assert points["mean"].notna().all()
    assert set(points["reason"]) == {"no distance: the institution's images stayed there"}
    table = distance_effect(merged)
    assert table["rho"].to_numpy() == pytest.approx(1)
    assert set(table["n_institutions"]) == {3}


def test_distances_that_do_not_fit_are_left_out(tmp_path: Path) -> None:
    config = study(tmp_path)
    with_distances(config, NAMES)
    unusable = {Task("distances"): "input sub-07 T1w changed"}
    points = distance_effect_institutions(
        ScoredStudy(config, simulated_metrics(config, SMALL_SIZES), unusable)
    )
    assert points["distance"].isna().all()
    assert set(points["reason"]) == {"no distances: input sub-07 T1w changed"}


def test_a_study_without_external_institutions(tmp_path: Path) -> None:
    config = study(tmp_path, cohort={"dataset": "bids", "development": NAMES[:3], "external": []})
    table = distance_effect(scored(config, NAMES[:3]))
    assert set(table["reason"]) == {"the study has no external institution"}


def test_a_model_that_lacks_an_institution_is_not_in_overall(tmp_path: Path) -> None:
    complete = scored(study(tmp_path), NAMES)
    metrics = complete.all_metrics
    lacks = (metrics["model"] == "Uni-m2") & (metrics["institution"] == NAMES[4])
    table = distance_effect(ScoredStudy(complete.config, metrics[~lacks]))
    rows = table[(table["metric"] == "mae") & (table["normalization"] == "min_max")]
    by_model = rows.set_index("model")
    assert by_model.loc["Overall", "n_models"] == 3
    assert by_model.loc["Uni-m2", "reason"] == "not scored"


def test_rho_and_p_are_those_of_the_definition(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 5, 3))
    rho = float(spearman(x.ravel(), y.ravel()))
    assert rho == pytest.approx(spearmanr(x.ravel(), y.ravel()).statistic)
    all_ = [spearmanr(x.ravel(), y[list(o)].ravel()).statistic for o in permutations(range(5))]
    expected = np.mean(np.abs(all_) >= abs(rho) - 1e-9)
    assert permutation_p(x, y, seed=1) == pytest.approx(expected)
    assert math.isnan(permutation_p(np.ones((5, 3)), y, seed=1))


def test_p_keeps_its_level_though_points_share_institutions(rng: np.random.Generator) -> None:
    """Points of one institution resemble one another; as if independent, p would be too small."""
    found = []
    for _ in range(200):
        x, y = rng.normal(size=(2, 6, 1)) + 0.2 * rng.normal(size=(2, 6, 8))
        found.append((permutation_p(x, y, 1), spearmanr(x.ravel(), y.ravel()).pvalue))
    exact, naive = (np.array(found) <= 0.05).mean(axis=0)
    assert exact < 0.09 < 0.4 < naive


def test_many_institutions_are_drawn_from(rng: np.random.Generator) -> None:
    x = np.arange(9.0)[:, None] + np.zeros((9, 2))
    assert least_p(x) == pytest.approx(1e-4)
    assert least_p(x) <= permutation_p(x, x, seed=1) < 5e-4
    low, high = bootstrap_interval(x, rng.normal(size=x.shape), 99, seed=1)
    assert -1 <= low < high <= 1
