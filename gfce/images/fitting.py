"""Fitting a cell's normalization on its training set, and keeping what was fitted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gfce.errors import UserError
from gfce.files import write_json
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.modalities import MODALITIES
from gfce.images.normalizations import NORMALIZATIONS
from gfce.images.store import StoredPatient
from gfce.images.volume_statistics import LANDMARKS, VolumeStatistics
from gfce.study import Results, read_patients, read_training_set

REPAIR = "repair"
"""The key of what a repair has fitted, in a file that lacks it otherwise."""


def fit_normalization(
    results: Results, normalization: str, training_set: str
) -> FittedNormalization:
    """Fit a normalization on the volumes of a training set."""
    statistics = [patient.statistics for patient in training_patients(results, training_set)]
    training = {modality: [each[modality] for each in statistics] for modality in MODALITIES}
    return FittedNormalization.fit(normalization, training)


def training_patients(results: Results, training_set: str) -> list[StoredPatient]:
    """The patients of a training set, in its order."""
    institutions = read_patients(results).set_index("patient_id")["institution"]
    return [
        StoredPatient(results.images(institutions[patient_id]), patient_id)
        for patient_id in read_training_set(results, training_set)
    ]


def save_normalization(
    normalization: FittedNormalization, path: Path, repair: Mapping[str, Any] | None = None
) -> None:
    """Write a fitted normalization as JSON (`Results.normalization`).

    `repair` is what the cell's repair has fitted beside it (`gfce.repairs.method.Learned`).
    """
    content = {"normalization": normalization.name, "parameters": normalization.parameters}
    write_json({**content, REPAIR: repair} if repair else content, path)


def load_repair(path: Path) -> Mapping[str, Any]:
    """Read what a repair has fitted beside the normalization in the same file (empty: nothing).

    Raises:
        UserError: the file is damaged.
    """
    try:
        fitted = json.loads(path.read_text("utf-8")).get(REPAIR, {})
    except (OSError, ValueError, AttributeError):
        fitted = None
    if not isinstance(fitted, dict):
        raise UserError(f"{path}: is damaged: run `gfce train` again")
    return fitted


def load_normalization(path: Path) -> FittedNormalization:
    """Read a fitted normalization of a model.

    Raises:
        UserError: the model has none, or it is damaged.
    """
    if not path.exists():
        raise UserError(f"{path}: is not there: run `gfce train` first")
    try:
        content = json.loads(path.read_text("utf-8"))
        return _checked(content["normalization"], content["parameters"])
    except (ValueError, KeyError, TypeError):  # no UTF-8, no JSON, other content
        raise UserError(f"{path}: is damaged: run `gfce train` again") from None


def _checked(name: str, parameters: dict[str, list[float]]) -> FittedNormalization:
    """A normalization whose parameters are as many as its fit gives, and make a finite map."""
    expected = np.shape(NORMALIZATIONS[name].fit([_ANY_VOLUME]))
    if set(parameters) != set(MODALITIES):
        raise ValueError("other modalities")
    normalization = FittedNormalization(name, parameters)
    for modality, values in parameters.items():
        zero = np.zeros((1, 1, 1), np.float32)
        with np.errstate(all="ignore"):
            mapped = normalization.normalize(modality, zero, _ANY_VOLUME)
        if np.shape(values) != expected or not np.isfinite([*values, *mapped.flat]).all():
            raise ValueError("other parameters")
    return normalization


_ANY_VOLUME = VolumeStatistics(0, 1, 0.5, 0.5, 0, 1, LANDMARKS, (0.5,), (0.5,))
"""Statistics of a volume of one slice, to see how many parameters a normalization has."""
