"""`gfce evaluate`: scores of a cell's predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from gfce.config import StudyConfig
from gfce.evaluation.predictions import load_prediction
from gfce.evaluation.scaling import SCALINGS, common_scale
from gfce.evaluation.scoring import score
from gfce.evaluation.tables import METRICS_TABLE
from gfce.files import records, write_csv
from gfce.images.arrays import Volume
from gfce.images.fitting import load_normalization
from gfce.images.normalizations import FittedNormalization
from gfce.images.store import load_masks, load_statistics, load_volumes
from gfce.progress import progress
from gfce.study import (
    Cell,
    Results,
    model_label,
    read_patients,
    test_patients,
)


def evaluate(config: StudyConfig, cell: Cell) -> None:
    """Score every test patient of a cell and write the cell's metrics."""
    results = Results(config)
    identity = {**asdict(cell), "model": model_label(config, cell)}
    normalization = load_normalization(results.model(cell))
    rows: list[dict[str, Any]] = []
    tested = test_patients(config, cell, read_patients(results))
    for patient in progress(records(tested), f"evaluate {model_label(config, cell)}"):
        images = results.images(patient["institution"])
        synthetic = load_prediction(results.predictions(cell), patient["patient_id"], images)
        scored = score_patient(results, patient, synthetic, normalization, config)
        rows += [{**identity, **row} for row in scored]
    write_csv(METRICS_TABLE.frame(rows), results.cell_metrics(cell))


def score_patient(
    results: Results,
    patient: dict[str, Any],
    synthetic: Volume,
    normalization: FittedNormalization,
    config: StudyConfig,
) -> Iterator[dict[str, Any]]:
    """Rows of metrics.csv for one synthetic volume in normalized units (slice, row, column).

    The real CE volume's own normalization takes the synthetic one to raw units: this is the only
    place where a test patient's CE volume is read.
    """
    patient_id, folder = patient["patient_id"], results.images(patient["institution"])
    real = load_volumes(folder, patient_id, ("ce",))["ce"]
    statistics = load_statistics(folder, patient_id)["ce"]
    raw = normalization.restore("ce", synthetic, statistics)
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
                **values,
            }
