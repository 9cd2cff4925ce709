"""`gfce baselines`: scores of two predictors that learn nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from gfce.config import StudyConfig
from gfce.evaluation.evaluate import Compared
from gfce.evaluation.scoring import score_rows
from gfce.evaluation.tables import BASELINES_TABLE
from gfce.files import records, write_csv
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import fit_normalization, training_patients
from gfce.images.store import StoredPatient
from gfce.progress import progress
from gfce.study import Cell, Results, cells, read_patients, test_patients

Known = dict[tuple[str, bytes], list[dict[str, Any]]]
"""Scores by the patient and the hash of the volume in raw units."""


def evaluate_baselines(config: StudyConfig) -> None:
    """Score two predictors that learn nothing, for each normalization and training set.

    `t1w` takes the normalized T1w for the CE volume; `mean_ce` is the training set's mean
    normalized CE intensity in every voxel. A model is useful only where it beats both.
    """
    results = Results(config)
    known: Known = {}
    rows: list[dict[str, Any]] = []
    for cell in progress(one_of_each_design(cells(config)), "baselines"):
        normalization = fit_normalization(results, cell.normalization, cell.training_set)
        mean = mean_training_ce(results, cell.training_set, normalization)
        rows += baseline_rows(config, cell, normalization, mean, known)
    write_csv(BASELINES_TABLE.frame(rows), results.baselines)


def baseline_rows(
    config: StudyConfig,
    cell: Cell,
    normalization: FittedNormalization,
    mean: float,
    known: Known,
) -> Iterator[dict[str, Any]]:
    """Rows of baselines.csv for the test patients of one normalization and training set.

    Args:
        config: the study.
        cell: one of that normalization and training set.
        normalization: as fitted on the training set.
        mean: its mean CE intensity, in normalized units.
        known: scores of volumes that were scored before; new ones are added.
    """
    results = Results(config)
    design = {"normalization": cell.normalization, "training_set": cell.training_set}
    for patient in records(test_patients(config, cell, read_patients(results))):
        stored = StoredPatient(results.images(patient["institution"]), patient["patient_id"])
        t1w = stored.normalized("t1w", normalization)
        for predictor, synthetic in (("t1w", t1w), ("mean_ce", np.full_like(t1w, mean))):
            compared = Compared.of(patient, stored, synthetic, normalization)
            for row in _scores(compared, config.evaluation.average, known):
                yield {"predictor": predictor, **design, **compared.identity, **row}


def one_of_each_design(grid: Iterable[Cell]) -> list[Cell]:
    """A cell for each normalization and training set: the predictors depend on nothing else."""
    designs: dict[tuple[str, str], Cell] = {}
    for cell in grid:
        designs.setdefault((cell.normalization, cell.training_set), cell)
    return list(designs.values())


def _scores(compared: Compared, average: str, known: Known) -> list[dict[str, Any]]:
    """The scores of a whole volume, each of which is scored once.

    T1w itself is the same volume for every training set, unless the normalization is fitted.
    """
    volume = hashlib.sha256(compared.synthetic.tobytes()).digest()
    key = (compared.stored.patient_id, volume)
    if key not in known:
        known[key] = list(score_rows(compared.real, compared.synthetic, {}, average))
    return known[key]


def mean_training_ce(
    results: Results, training_set: str, normalization: FittedNormalization
) -> float:
    """A training set's mean CE intensity, in normalized units; each patient weighs the same."""
    patients = training_patients(results, training_set)
    return float(np.mean([patient.normalized("ce", normalization).mean() for patient in patients]))
