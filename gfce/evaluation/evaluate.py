"""`gfce evaluate`: scores of a cell's predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from gfce.config import StudyConfig
from gfce.contract.later_columns import write_table
from gfce.evaluation.enhancement import BeforeAgent, compare_enhancement
from gfce.evaluation.enhancement_table import ENHANCEMENT_TABLE
from gfce.evaluation.predictions import load_prediction
from gfce.evaluation.scoring import score_rows
from gfce.evaluation.tables import METRICS_TABLE
from gfce.files import records
from gfce.images.arrays import Mask, Volume
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
        compared = Compared.of(patient, stored, synthetic, normalization)
        rows += [identity | row for row in score_patient(compared, config.evaluation.average)]
        shown = enhancement_row(compared, config.evaluation.enhancement_threshold)
        enhancements.append(identity | shown)
    write_table(METRICS_TABLE.frame(rows), results.cell_metrics(cell))
    write_table(ENHANCEMENT_TABLE.frame(enhancements), results.cell_enhancement(cell))


@dataclass(frozen=True)
class Compared:
    """A test patient's synthetic CE volume beside the real one.

    Attributes:
        identity: what rows say of the patient (`IDENTITY`).
        stored: the patient in the store.
        masks: the regions, (slice, row, column).
        real: the real CE volume, raw units, (slice, row, column).
        synthetic: the synthetic one, likewise.
    """

    identity: dict[str, Any]
    stored: StoredPatient
    masks: dict[str, Mask]
    real: Volume
    synthetic: Volume

    @classmethod
    def of(
        cls,
        patient: dict[str, Any],
        stored: StoredPatient,
        synthetic: Volume,
        normalization: FittedNormalization,
    ) -> Compared:
        """Take a synthetic volume from normalized to raw units by the real CE volume's own map.

        This is the only place where a test patient's CE volume is read.

        Args:
            patient: the row of the patient in patients.csv, with a column cohort.
            stored: the same patient in the store.
            synthetic: the synthetic CE volume in normalized units, (slice, row, column).
            normalization: the one that these units are of.
        """
        identity = {name: patient[name] for name in IDENTITY}
        raw = stored.restored("ce", synthetic, normalization)
        return cls(identity, stored, stored.masks(), stored.volume("ce"), raw)


def score_patient(compared: Compared, average: str) -> Iterator[dict[str, Any]]:
    """Rows of metrics.csv for one synthetic volume; `average` as in `scoring.score`."""
    for row in score_rows(compared.real, compared.synthetic, compared.masks, average):
        yield compared.identity | row


def enhancement_row(compared: Compared, threshold: float) -> dict[str, Any]:
    """The row of enhancement.csv for one synthetic volume.

    `threshold` as in `gfce.evaluation.enhancement.compare_enhancement`.
    """
    tumour = compared.masks.get("tumour")
    columns_mm, rows_mm, slices_mm = compared.stored.geometry.spacing
    before = BeforeAgent(
        compared.stored.volume("t1w"),
        compared.masks["foreground"],
        tumour if tumour is not None and tumour.any() else None,
        (slices_mm, rows_mm, columns_mm),
    )
    measured = compare_enhancement(before, compared.real, compared.synthetic, threshold)
    return compared.identity | measured
