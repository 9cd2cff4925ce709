"""`gfce evaluate`: scores of a cell's predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from gfce.config import StudyConfig
from gfce.evaluation.enhancement import BeforeAgent, compare_enhancement
from gfce.evaluation.enhancement_table import ENHANCEMENT_TABLE
from gfce.evaluation.predictions import load_prediction
from gfce.evaluation.scoring import score_rows
from gfce.evaluation.tables import METRICS_TABLE
from gfce.files import records, write_csv
from gfce.images.arrays import Volume
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import load_normalization
from gfce.images.store import StoredPatient
from gfce.progress import progress
from gfce.study import (
    Cell,
    Results,
    model_label,
    read_patients,
    test_patients,
)

IDENTITY = ("institution", "cohort", "patient_id")
"""What rows say of the patient."""


def evaluate(config: StudyConfig, cell: Cell) -> None:
    """Score every test patient of a cell; write the cell's metrics and its enhancement."""
    results = Results(config)
    identity = {**asdict(cell), "model": model_label(config, cell)}
    normalization = load_normalization(results.normalization(cell))
    rows: list[dict[str, Any]] = []
    enhancements: list[dict[str, Any]] = []
    tested = test_patients(config, cell, read_patients(results))
    for patient in progress(records(tested), f"evaluate {model_label(config, cell)}"):
        stored = StoredPatient(results.images(patient["institution"]), patient["patient_id"])
        synthetic = load_prediction(results.predictions(cell), stored)
        average = config.evaluation.average
        scored = score_patient(patient, stored, synthetic, normalization, average)
        rows += [{**identity, **row} for row in scored]
        threshold = config.evaluation.enhancement_threshold
        shown = enhancement_row(patient, stored, synthetic, normalization, threshold)
        enhancements.append(identity | shown)
    write_csv(METRICS_TABLE.frame(rows), results.cell_metrics(cell))
    write_csv(ENHANCEMENT_TABLE.frame(enhancements), results.cell_enhancement(cell))


def score_patient(
    patient: dict[str, Any],
    stored: StoredPatient,
    synthetic: Volume,
    normalization: FittedNormalization,
    average: str,
) -> Iterator[dict[str, Any]]:
    """Rows of metrics.csv for one synthetic volume in normalized units (slice, row, column).

    The real CE volume's own normalization takes the synthetic one to raw units: this is the only
    place where a test patient's CE volume is read.

    Args:
        patient: the row of the patient in patients.csv, with a column cohort.
        stored: the same patient in the store.
        synthetic: the synthetic CE volume.
        normalization: the one that the synthetic volume's units are of.
        average: as in `gfce.evaluation.metrics.score`.
    """
    real = stored.volume("ce")
    raw = stored.restored("ce", synthetic, normalization)
    identity = {name: patient[name] for name in IDENTITY}
    for row in score_rows(real, raw, stored.masks(), average):
        yield identity | row


def enhancement_row(
    patient: dict[str, Any],
    stored: StoredPatient,
    synthetic: Volume,
    normalization: FittedNormalization,
    threshold: float,
) -> dict[str, Any]:
    """The row of enhancement.csv for one synthetic volume, as `score_patient` has those of metrics.

    Args:
        patient: as there.
        stored: as there.
        synthetic: as there.
        normalization: as there.
        threshold: as in `gfce.evaluation.enhancement.compare_enhancement`.
    """
    masks = stored.masks()
    tumour = masks.get("tumour")
    columns_mm, rows_mm, slices_mm = stored.geometry.spacing
    before = BeforeAgent(
        stored.volume("t1w"),
        masks["foreground"],
        tumour if tumour is not None and tumour.any() else None,
        (slices_mm, rows_mm, columns_mm),
    )
    raw = stored.restored("ce", synthetic, normalization)
    compared = compare_enhancement(before, stored.volume("ce"), raw, threshold)
    return {name: patient[name] for name in IDENTITY} | compared
