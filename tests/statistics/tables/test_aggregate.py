"""From scores to means, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import study

from gfce.contract.columns import OVERALL
from gfce.evaluation.metrics import METRICS
from gfce.statistics.design import models
from gfce.statistics.tables.aggregate import (
    institution_rows,
    patient_scores,
    total_sd,
    with_overall_rows,
)


def scores(values: list[tuple[str, int, float]]) -> pd.DataFrame:
    """Metrics of Uni-m1 in Institution-1: patient, seed, MAE."""
    rows = pd.DataFrame(values, columns=["patient_id", "seed", "mae"])
    return rows.assign(
        network="mmgsn_net",
        normalization="min_max",
        training_set="uni-Institution-1",
        repair="none",
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


@pytest.mark.parametrize("sizes", [(4, 3, 1), (18, 9, 9, 7), (2,)])
def test_total_sd_is_that_of_all_patients(sizes: tuple[int, ...], rng: np.random.Generator) -> None:
    samples = [rng.normal(3 * n, n, n) for n in sizes]
    sds = [sample.std(ddof=1) if len(sample) > 1 else math.nan for sample in samples]
    found = total_sd(sizes, [sample.mean() for sample in samples], sds)
    assert found == pytest.approx(np.concatenate(samples).std(ddof=1))


def test_total_sd_without_patients_is_not_known() -> None:
    assert math.isnan(total_sd([3, 0], [1.0, math.nan], [0.5, math.nan]))
    assert math.isnan(total_sd([1], [1.0], [math.nan]))


def test_overall_has_the_sd_of_all_patients_beside_the_mean_of_sds(metrics: pd.DataFrame) -> None:
    scores = patient_scores(metrics, "reference")
    rows = with_overall_rows(institution_rows(scores, models(study())))
    own = scores[(scores["model"] == "Uni-m2") & (scores["cohort"] == "external")]
    row = rows[(rows["model"] == "Uni-m2") & (rows["testing"] == OVERALL)].iloc[0]
    assert row["psnr_sd_total_db"] == pytest.approx(own["psnr_db"].std(ddof=1))
    spread = own.groupby("institution")["psnr_db"].std(ddof=1)
    assert row["psnr_sd_db"] == pytest.approx(spread.mean())
    institutions = rows[rows["testing"] != OVERALL]
    pd.testing.assert_series_equal(
        institutions["mae_sd"], institutions["mae_sd_total"], check_names=False
    )


def test_patients_are_counted_for_each_metric(metrics: pd.DataFrame) -> None:
    perfect = metrics["patient_id"].eq("400") & metrics["model"].eq("Uni-m1")
    metrics = metrics.assign(psnr_db=metrics["psnr_db"].mask(perfect, math.inf))
    rows = with_overall_rows(
        institution_rows(patient_scores(metrics, "reference"), models(study()))
    ).set_index(["model", "testing"])
    one = rows.loc[("Uni-m1", "Institution-4")]
    assert (one["n"], one["n_mae"], one["n_psnr"]) == (4, 4, 3)
    overall = rows.loc[("Uni-m1", OVERALL)]
    assert overall["n_mae"] - overall["n_psnr"] == 1
