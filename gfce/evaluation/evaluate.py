"""`gfce evaluate`: scores of a cell's predictions, and of two predictors that learn nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gfce.config import StudyConfig
from gfce.evaluation.metrics import score
from gfce.evaluation.predictions import load_prediction
from gfce.evaluation.scaling import SCALINGS, common_scale
from gfce.files import records, write_csv
from gfce.images.arrays import Volume
from gfce.images.normalizations import NORMALIZATIONS
from gfce.images.store import load_masks, load_statistics, load_volumes
from gfce.progress import progress
from gfce.study import (
    Cell,
    Results,
    cells,
    model_label,
    read_patients,
    read_training_set,
    test_patients,
)

METRIC_COLUMNS = [
    *("network", "normalization", "training_set", "model", "seed", "institution", "cohort"),
    *("patient_id", "region", "scaling", "n_voxels", "mae", "psnr_db", "ssim"),
]


def evaluate(config: StudyConfig, cell: Cell) -> None:
    """Score every test patient of a cell and write the cell's metrics."""
    results = Results(config)
    identity = {**asdict(cell), "model": model_label(config, cell)}
    rows: list[dict[str, Any]] = []
    tested = test_patients(config, cell, read_patients(results))
    for patient in progress(records(tested), f"evaluate {model_label(config, cell)}"):
        synthetic = load_prediction(results.predictions(cell), patient["patient_id"])
        scored = score_patient(results, patient, synthetic, cell.normalization, config)
        rows += [{**identity, **row} for row in scored]
    write_csv(pd.DataFrame(rows, columns=METRIC_COLUMNS), results.cell_metrics(cell))


def score_patient(
    results: Results,
    patient: dict[str, Any],
    synthetic: Volume,
    normalization: str,
    config: StudyConfig,
) -> Iterator[dict[str, Any]]:
    """Rows of metrics.csv for one synthetic volume in normalized units (slice, row, column).

    The real CE volume's own normalization takes the synthetic one to raw units: this is the only
    place where a test patient's CE volume is read.
    """
    patient_id, folder = patient["patient_id"], results.images(patient["institution"])
    real = load_volumes(folder, patient_id, ("ce",))["ce"]
    statistics = load_statistics(folder)[patient_id, "ce"]
    raw = NORMALIZATIONS[normalization].map_for(statistics).invert(synthetic)
    regions = load_masks(folder, patient_id)
    for scaling in SCALINGS:
        scores = score(*common_scale(real, raw, scaling), regions, config.evaluation.average)
        for region, values in scores.items():
            yield {
                "institution": patient["institution"],
                "cohort": patient["cohort"],
                "patient_id": patient_id,
                "region": region,
                "scaling": scaling,
                **asdict(values),
            }


def evaluate_baselines(config: StudyConfig) -> None:
    """Score two predictors that learn nothing, for each normalization and training set.

    `t1w` takes the normalized T1w for the CE volume; `mean_ce` is everywhere the training set's
    mean normalized CE intensity. Models are worth their training only where they beat both.
    """
    results = Results(config)
    patients = read_patients(results)
    designs = dict.fromkeys((cell.normalization, cell.training_set) for cell in cells(config))
    rows: list[dict[str, Any]] = []
    for normalization, training_set in progress(designs, "baselines"):
        cell = Cell("", normalization, training_set, "")
        mean = _mean_training_ce(results, patients, cell)
        for patient in records(test_patients(config, cell, patients)):
            t1w = _normalized(
                results.images(patient["institution"]), patient["patient_id"], "t1w", cell
            )
            for name, synthetic in (("t1w", t1w), ("mean_ce", np.full_like(t1w, mean))):
                identity = {
                    "predictor": name,
                    "normalization": normalization,
                    "training_set": training_set,
                }
                scored = score_patient(results, patient, synthetic, normalization, config)
                rows += [{**identity, **row} for row in scored if row["region"] == "volume"]
    write_csv(pd.DataFrame(rows).drop(columns=["region", "n_voxels"]), results.baselines)


def _normalized(folder: Path, patient_id: str, modality: str, cell: Cell) -> Volume:
    volume = load_volumes(folder, patient_id, (modality,))[modality]
    statistics = load_statistics(folder)[patient_id, modality]
    return NORMALIZATIONS[cell.normalization].map_for(statistics).apply(volume)


def _mean_training_ce(results: Results, patients: pd.DataFrame, cell: Cell) -> float:
    ids = read_training_set(results, cell.training_set)
    institutions = patients.set_index("patient_id")["institution"]
    means = [_normalized(results.images(institutions[p]), p, "ce", cell).mean() for p in ids]
    return float(np.mean(means))
