"""Fitting a cell's normalization on its training set, and keeping what was fitted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from gfce.errors import UserError
from gfce.files import write_json
from gfce.images.normalizations import NORMALIZATIONS, FittedNormalization
from gfce.images.statistics import LANDMARKS, VolumeStatistics
from gfce.images.store import MODALITIES, load_statistics
from gfce.study import Cell, Results, read_patients, read_training_set

FILE = "normalization.json"
"""Beside a model's weights: with it, a new patient needs nothing but his own inputs."""


def fit_normalization(results: Results, cell: Cell) -> FittedNormalization:
    """Fit a cell's normalization on the volumes of its training set."""
    patients = training_patients(results, cell.training_set)
    statistics = [load_statistics(folder, patient) for patient, folder in patients.items()]
    training = {modality: [one[modality] for one in statistics] for modality in MODALITIES}
    return FittedNormalization.fit(cell.normalization, training)


def training_patients(results: Results, training_set: str) -> dict[str, Path]:
    """The patients of a training set, each with the folder of the store that holds it."""
    institutions = read_patients(results).set_index("patient_id")["institution"]
    names = read_training_set(results, training_set)
    return {patient: results.images(institutions[patient]) for patient in names}


def save_normalization(normalization: FittedNormalization, folder: Path) -> None:
    """Write normalization.json into a model's folder."""
    content = {"normalization": normalization.name, "parameters": normalization.parameters}
    write_json(content, folder / FILE)


def load_normalization(folder: Path) -> FittedNormalization:
    """Read normalization.json of a model.

    Raises:
        UserError: the model has none, or it is damaged.
    """
    path = folder / FILE
    if not path.exists():
        raise UserError(f"{path}: is not there: run `gfce train` first")
    try:
        content = json.loads(path.read_text("utf-8"))
        return _checked(content["normalization"], content["parameters"])
    except (ValueError, KeyError, TypeError):  # no UTF-8, no JSON, other content
        raise UserError(f"{path}: is damaged: run `gfce train` again") from None


def _checked(name: str, parameters: dict[str, list[float]]) -> FittedNormalization:
    """A normalization with as many numbers for each modality as its fit gives, and of use."""
    expected = np.shape(NORMALIZATIONS[name].fit([_UNIT]))
    if set(parameters) != set(MODALITIES):
        raise ValueError("other modalities")
    normalization = FittedNormalization(name, parameters)
    for modality, values in parameters.items():
        with np.errstate(all="ignore"):
            mapped = normalization.normalize(modality, np.zeros((1, 1, 1), np.float32), _UNIT)
        if np.shape(values) != expected or not np.isfinite([*values, *mapped.flat]).all():
            raise ValueError("other parameters")
    return normalization


_UNIT = VolumeStatistics(0, 1, 0.5, 0.5, 0, 1, LANDMARKS, (0.5,), (0.5,))
"""Some volume, to see how many numbers are fitted."""
