"""Where synthetic CE volumes lie: between prediction and whoever looks at its results."""

from __future__ import annotations

from pathlib import Path

from gfce.cohort.bids import anat_path
from gfce.images.arrays import Volume
from gfce.images.volumes import read_image, to_array

SYNTHETIC = "ce-gadolinium_desc-synthetic_T1w"


def prediction_path(folder: Path, patient_id: str) -> Path:
    """Where a patient's synthetic CE volume lies in a folder of predictions."""
    return folder / f"{anat_path(patient_id, SYNTHETIC)}.nii.gz"


def load_prediction(folder: Path, patient_id: str) -> Volume:
    """Read a patient's synthetic CE volume, in normalized units (slice, row, column)."""
    return to_array(read_image(prediction_path(folder, patient_id)))
