"""From scores to means, worked by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from samples_of_scores import study

from gfce.contract.columns import OVERALL
from gfce.evaluation.metrics import METRICS
from gfce.statistics.design import models
from gfce.statistics.tables.aggregate import institution_rows, patient_scores, with_overall_rows


def scores(values: list[tuple[str, int, float]]) -> pd.DataFrame:
    """Metrics of Uni-m1 in Institution-1: patient, seed, MAE."""
    rows = pd.DataFrame(values, columns=["patient_id", "seed", "mae"])
    return rows.assign(
        network="mmgsn_net",
        normalization="min_max",
        training_set="uni-Institution-1",
        model="Uni-m1",
        institution="Institution-1",
        cohort="internal",
        region="volume",
        scaling="reference",
        **{metric.name: 30.0 for metric in METRICS if metric.name != "mae"},
    )


def test_seeds_are_averaged_before_patients_are() -> None:
    # Patient means 2 and 8: mean 5, SD sqrt(((2-5)^2 + (8-5)^2) / 1) = 4.2426.
    metrics = scores([("a", 1, 1.0), ("a", 2, 3.0), ("b", 1, 8.0)])
    row = institution_rows(patient_scores(metrics, "reference"), models(study())).iloc[0]
    assert (row["n"], row["mae_mean"]) == (2, 5.0)
    assert row["mae_sd"] == pytest.approx(math.sqrt(18))


def test_one_seed_alone_can_be_asked_for() -> None:
    metrics = scores([("a", 1, 1.0), ("a", 2, 3.0), ("b", 1, 8.0)])
    assert patient_scores(metrics, "reference", seed=2)["mae"].tolist() == [3.0]


def test_a_single_patient_has_a_mean_and_no_sd() -> None:
    rows = institution_rows(patient_scores(scores([("a", 1, 1.0)]), "reference"), models(study()))
    assert rows.loc[0, "mae_mean"] == 1.0
    assert pd.isna(rows.loc[0, "mae_sd"])


def test_an_infinite_score_is_left_out() -> None:
    metrics = scores([("a", 1, 1.0), ("b", 1, 2.0)])
    metrics["psnr_db"] = [math.inf, 31.0]
    row = institution_rows(patient_scores(metrics, "reference"), models(study())).iloc[0]
    assert row["psnr_mean_db"] == 31.0
    assert row["mae_mean"] == 1.5


def test_an_institution_without_scores_has_an_empty_row_and_empties_the_overall() -> None:
    rows = with_overall_rows(
        institution_rows(patient_scores(scores([("a", 1, 1.0)]), "reference"), models(study()))
    )
    own = rows[rows["model"] == "Uni-m1"].set_index("testing")
    assert own["n"].tolist() == [1, 0, 0, 0, 0, 0]
    assert pd.isna(own.loc[OVERALL, "mae_mean"])
