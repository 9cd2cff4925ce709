"""The files of synthetic CE volumes: what `gfce predict` writes and later steps read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gfce.cohort.bids import anat_path
from gfce.errors import UserError
from gfce.images.arrays import Volume
from gfce.images.reading import read_image
from gfce.images.store import StoredPatient
from gfce.images.volumes import same_geometry, to_array, to_image

SYNTHETIC = "ce-gadolinium_desc-synthetic_T1w"


def prediction_path(folder: Path, patient_id: str) -> Path:
    """Where a patient's synthetic CE volume lies in a folder of predictions."""
    return folder / f"{anat_path(patient_id, SYNTHETIC)}.nii.gz"


def load_prediction(folder: Path, patient: StoredPatient) -> Volume:
    """Read a patient's synthetic CE volume, in normalized units (slice, row, column).

    Args:
        folder: a model's predictions.
        patient: the patient's real volumes.

    Raises:
        UserError: there is no synthetic volume, it is damaged or not finite, or its geometry is not
            that of the real volumes.
    """
    patient_id = patient.patient_id
    try:
        image = read_image(prediction_path(folder, patient_id))
    except UserError as error:
        # The message ends with what to do about a file of the user's; this file is gfce's.
        problem, _, _ = str(error).rpartition(": ")
        raise UserError(f"{patient_id}: {problem}: run `gfce predict` again") from None
    real = to_image(np.zeros(patient.shape, np.uint8), patient.geometry)
    if not same_geometry(image, real):
        raise UserError(
            f"{patient_id}: the synthetic volume lies on another grid than the real ones: "
            "run `gfce predict` again"
        )
    return to_array(image)
