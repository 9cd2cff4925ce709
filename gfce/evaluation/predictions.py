"""Where synthetic CE volumes lie: between prediction and whoever looks at its results."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gfce.cohort.bids import anat_path
from gfce.errors import UserError
from gfce.images.arrays import Volume
from gfce.images.reading import read_image
from gfce.images.store import load_grid, load_shape
from gfce.images.volumes import same_grid, to_array, to_image

SYNTHETIC = "ce-gadolinium_desc-synthetic_T1w"


def prediction_path(folder: Path, patient_id: str) -> Path:
    """Where a patient's synthetic CE volume lies in a folder of predictions."""
    return folder / f"{anat_path(patient_id, SYNTHETIC)}.nii.gz"


def load_prediction(folder: Path, patient_id: str, images: Path) -> Volume:
    """Read a patient's synthetic CE volume, in normalized units (slice, row, column).

    `images` is the folder of the store with the patient's real volumes.

    Raises:
        UserError: there is none, it is damaged or not finite, or lies on another grid than the
            real volumes.
    """
    try:
        image = read_image(prediction_path(folder, patient_id))
    except UserError as error:
        what, _, _ = str(error).rpartition(": ")  # what to do is another thing here
        raise UserError(f"{patient_id}: {what}: run `gfce predict` again") from None
    grid, shape = load_grid(images, patient_id), load_shape(images, patient_id)
    if not same_grid(image, to_image(np.zeros(shape, np.uint8), grid)):
        raise UserError(
            f"{patient_id}: the synthetic volume lies on another grid than the real ones: "
            "run `gfce predict` again"
        )
    return to_array(image)
