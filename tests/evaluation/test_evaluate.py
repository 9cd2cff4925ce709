"""Scoring a cell: whatever the normalization, a perfect synthetic volume scores perfectly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cohorts import COHORT, Configure, write_cohort

from gfce.cohort.index import index
from gfce.config import StudyConfig
from gfce.contract.later_columns import with_absent
from gfce.evaluation.baselines import evaluate_baselines
from gfce.evaluation.enhancement import NO_MASK
from gfce.evaluation.enhancement_table import ENHANCEMENT_TABLE
from gfce.evaluation.evaluate import evaluate
from gfce.evaluation.predictions import prediction_path
from gfce.evaluation.tables import METRICS_TABLE
from gfce.files import records
from gfce.images.fitting import fit_normalization, save_normalization
from gfce.images.normalizations import NORMALIZATIONS
from gfce.images.preprocess import preprocess
from gfce.images.store import StoredPatient
from gfce.images.volumes import to_image
from gfce.images.writing import write_image
from gfce.study import Cell, Results, find_cell, read_patients, test_patients

test_patients.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture
def study(configure: Configure) -> StudyConfig:
    config = configure(grid={"normalizations": list(NORMALIZATIONS)})
    write_cohort(config.cohort.dataset, COHORT)
    index(config)
    for institution in "ABCD":
        preprocess(config, institution)
    return config


def write_predictions(config: StudyConfig, cell: Cell, error: float) -> None:
    """Synthetic volumes that are the real ones, but for an error in raw units."""
    results = Results(config)
    normalization = fit_normalization(results, cell.normalization, cell.training_set)
    save_normalization(normalization, results.normalization(cell))
    for row in records(test_patients(config, cell, read_patients(results))):
        patient = StoredPatient(results.images(row["institution"]), row["patient_id"])
        shifted = patient.volume("ce") + np.float32(error)
        synthetic = normalization.normalize("ce", shifted, patient.statistics["ce"])
        path = prediction_path(results.predictions(cell), patient.patient_id)
        write_image(to_image(synthetic, patient.geometry), path)


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_a_perfect_volume(study: StudyConfig, name: str) -> None:
    cell = find_cell(study, f"mmgsn_net/{name}/tri/seed-1")
    write_predictions(study, cell, error=0)
    evaluate(study, cell)
    metrics = pd.read_csv(Results(study).cell_metrics(cell))
    assert list(with_absent(metrics, METRICS_TABLE.names).columns) == METRICS_TABLE.names
    if name == "percentile_min_max":  # clipping loses half a percent of the voxels at either end
        metrics = metrics[(metrics["region"] == "volume") & (metrics["scaling"] == "reference")]
    assert (metrics["mae"] < (1e-3 if name == "percentile_min_max" else 1e-5)).all()
    assert (metrics["ssim"] > 0.9).all()
    assert set(metrics["cohort"]) == {"internal", "external"}


def test_an_error_counts_in_the_real_images_range(study: StudyConfig) -> None:
    cell = find_cell(study, "mmgsn_net/z_score/uni-A/seed-1")
    write_predictions(study, cell, error=8)
    evaluate(study, cell)
    metrics = pd.read_csv(Results(study).cell_metrics(cell))
    chosen = metrics[(metrics["region"] == "volume") & (metrics["scaling"] == "reference")]
    for row in records(chosen):
        folder = Results(study).images(row["institution"])
        ce = StoredPatient(folder, row["patient_id"]).statistics["ce"]
        # Clipping at 1 takes a little away.
        assert row["mae"] == pytest.approx(8 / (ce.maximum - ce.minimum), rel=0.05)


def test_a_perfect_volume_shows_what_the_real_one_does(study: StudyConfig) -> None:
    cell = find_cell(study, "mmgsn_net/z_score/tri/seed-1")
    write_predictions(study, cell, error=0)
    evaluate(study, cell)
    table = pd.read_csv(Results(study).cell_enhancement(cell))
    assert list(with_absent(table, ENHANCEMENT_TABLE.names).columns) == ENHANCEMENT_TABLE.names
    metrics = pd.read_csv(Results(study).cell_metrics(cell))
    assert list(table["patient_id"]) == list(metrics["patient_id"].drop_duplicates())
    assert set(table["reason"]) == {NO_MASK}  # the cohort has none
    assert table["enhancement_ratio_real"].isna().all()
    for name in ("gain", "enhancing_ml"):
        real, synthetic = table[f"{name}_real"], table[f"{name}_synthetic"]
        assert list(synthetic) == pytest.approx(list(real), rel=1e-3)
    assert (table["enhancement_error_head"] < 1e-4).all()


def test_trivial_predictors(study: StudyConfig) -> None:
    evaluate_baselines(study)
    table = pd.read_csv(Results(study).baselines)
    assert {"predictor", "normalization", "training_set", "institution", "cohort"} <= set(table)
    assert set(table["predictor"]) == {"t1w", "mean_ce"}
    key = ["normalization", "training_set", "patient_id", "scaling"]
    # T1w itself needs no training where nothing is fitted.
    t1w = table[(table["predictor"] == "t1w") & (table["normalization"] == "min_max")]
    scores = t1w.groupby(["patient_id", "scaling"])["mae"]
    assert (scores.max() == scores.min()).all()
    assert set(t1w["scaling"]) == {"reference", "separate"}
    assert not table.duplicated(["predictor", *key]).any()
    row = table.set_index(["predictor", *key]).loc[("t1w", "min_max", "tri", "sub-D1", "reference")]
    patient = StoredPatient(Results(study).images("D"), "sub-D1")
    volumes = {modality: patient.volume(modality) for modality in ("t1w", "ce")}
    scaled = {k: (v - v.min()) / (v.max() - v.min()) for k, v in volumes.items()}
    assert row["mae"] == pytest.approx(np.abs(scaled["t1w"] - scaled["ce"]).mean(), rel=1e-4)
