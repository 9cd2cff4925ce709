"""`gfce baselines`: scores of two predictors that learn nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gfce.config import StudyConfig
from gfce.evaluation.evaluate import score_patient
from gfce.evaluation.tables import BASELINES_TABLE
from gfce.files import records, write_csv
from gfce.images.arrays import Volume
from gfce.images.fitting import fit_normalization, training_patients
from gfce.images.normalizations import FittedNormalization
from gfce.images.store import load_statistics, load_volumes
from gfce.progress import progress
from gfce.study import Cell, Results, cells, read_patients, test_patients


def evaluate_baselines(config: StudyConfig) -> None:
    """Score two predictors that learn nothing, for each normalization and training set.

    `t1w` takes the normalized T1w for the CE volume; `mean_ce` is everywhere the training set's
    mean normalized CE intensity. Models are worth their training only where they beat both.
    """
    results = Results(config)
    patients = read_patients(results)
    designs = dict.fromkeys((cell.normalization, cell.training_set) for cell in cells(config))
    rows: list[dict[str, Any]] = []
    for name, training_set in progress(designs, "baselines"):
        cell = Cell("", name, training_set, "")
        normalization = fit_normalization(results, cell)
        mean = _mean_training_ce(results, training_set, normalization)
        for patient in records(test_patients(config, cell, patients)):
            folder = results.images(patient["institution"])
            t1w = _normalized(folder, patient["patient_id"], "t1w", normalization)
            for predictor, synthetic in (("t1w", t1w), ("mean_ce", np.full_like(t1w, mean))):
                identity = {
                    "predictor": predictor,
                    "normalization": name,
                    "training_set": training_set,
                }
                scored = score_patient(results, patient, synthetic, normalization, config)
                rows += [{**identity, **row} for row in scored if row["region"] == "volume"]
    write_csv(BASELINES_TABLE.frame(rows), results.baselines)


def _normalized(
    folder: Path, patient_id: str, modality: str, normalization: FittedNormalization
) -> Volume:
    volume = load_volumes(folder, patient_id, (modality,))[modality]
    statistics = load_statistics(folder, patient_id)[modality]
    return normalization.normalize(modality, volume, statistics)


def _mean_training_ce(
    results: Results, training_set: str, normalization: FittedNormalization
) -> float:
    patients = training_patients(results, training_set)
    means = [
        _normalized(folder, patient, "ce", normalization).mean()
        for patient, folder in patients.items()
    ]
    return float(np.mean(means))
