"""Intensities of a test patient's head are matched to those of the training set.

For each of T1w and T2w, in network units (behind the cell's normalization) and in the head alone:
the quantile function of the training set is the mean of its patients' quantile functions at
`PROBABILITIES`, each patient weighing the same. A test patient's voxel in the head of value x
becomes Q_training(F_patient(x)), where F_patient is the inverse of the patient's own quantile
function at the same probabilities; in between both are linear. The map is monotone, and the
smallest and the largest value become the training set's. Voxels outside the head stay as they are,
and CE, the scores and the units of the result do not know of it.

It is Nyul's standardisation (Nyul et al. 2000, IEEE Trans Med Imaging 19:143) with 201 landmarks,
ends included, and the histogram matching of images (Gonzalez and Woods; `match_histograms` of
scikit-image) with a mean of quantile functions as its reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gfce.errors import UserError
from gfce.images.modalities import INPUTS
from gfce.repairs.method import Application, Learned, Method

if TYPE_CHECKING:
    from gfce.training.finished import FinishedModel

NORMALIZATION = "normalization.json"
"""The file of a model that keeps what is fitted."""
PROBABILITIES = np.linspace(0, 1, 201)
"""Where quantile functions are known: each half percent."""


def fit(model: FinishedModel) -> Learned:
    """The mean quantile functions of the training set's heads, by modality, network units."""
    normalization = model.normalization
    quantiles: dict[str, list[NDArray[np.float64]]] = {modality: [] for modality in INPUTS}
    for patient in model.trained_on():
        head = patient.masks()["foreground"]
        for modality in INPUTS:
            volume = normalization.to_network(patient.normalized(modality, normalization))
            quantiles[modality].append(quantile_function(volume[head]))
    fitted = {modality: np.mean(rows, axis=0).tolist() for modality, rows in quantiles.items()}
    return Learned(fitted=fitted)


def quantile_function(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Quantiles of values (value,) at `PROBABILITIES`, (201,), non-decreasing."""
    return np.quantile(values.astype(np.float64), PROBABILITIES)


def match(application: Application) -> Application:
    """Map the inputs of a patient, in the head.

    Raises:
        UserError: the model's file holds no histograms.
    """
    inputs = {
        modality: matched(volume, application.head, _reference(application.fitted, modality))
        for modality, volume in application.inputs.items()
    }
    return replace(application, inputs=inputs)


def _reference(fitted: Mapping[str, Any], modality: str) -> NDArray[np.float64]:
    try:
        reference = np.asarray(fitted.get(modality), dtype=np.float64)
    except (TypeError, ValueError):
        reference = np.empty(0)
    if reference.shape != PROBABILITIES.shape or not np.isfinite(reference).all():
        raise UserError(
            f"{NORMALIZATION}: lacks the training set's histogram of {modality}: run `gfce train` "
            "again, or copy the file again"
        )
    return reference


def matched(
    volume: NDArray[np.float32], head: NDArray[np.bool_], reference: NDArray[np.float64]
) -> NDArray[np.float32]:
    """A volume (slice, row, column) whose head has the quantiles of a reference (201,).

    Several quantiles of one value, as clipping leaves them, become the mean of the reference's.
    """
    own, where = np.unique(quantile_function(volume[head]), return_inverse=True)
    wanted = np.bincount(where, weights=reference) / np.bincount(where)
    result = volume.copy()
    result[head] = np.interp(volume[head], own, wanted)
    return result


METHOD = Method(
    title="Inputs matched to the training set's histogram",
    needs="nothing: each patient's own T1w and T2w",
    begins_with_none=True,
    learn=fit,
    at_test=match,
)
