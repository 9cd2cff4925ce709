"""`gfce predict`: the synthetic CE volumes of a model's test patients, as NIfTI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gfce.cohort.bids import write_derivative_description
from gfce.config import StudyConfig, Training
from gfce.evaluation.predictions import prediction_path
from gfce.files import records, write_json
from gfce.images.arrays import Volume
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import load_normalization
from gfce.images.modalities import INPUTS
from gfce.images.store import StoredPatient
from gfce.images.volumes import to_image
from gfce.images.writing import write_image
from gfce.progress import progress
from gfce.study import Cell, Results, model_label, read_patients, test_patients

if TYPE_CHECKING:
    from torch import nn


def predict(config: StudyConfig, cell: Cell) -> None:
    """Apply a trained model to all its test patients.

    Volumes have the geometry of the patient's resampled ones and the normalized units of the cell:
    the real CE volume, whose units are not known for a new patient, has no part in them.
    """
    from gfce.training.arithmetic import find_device, reproducible  # torch is slow to import
    from gfce.training.weights import load_generator

    results = Results(config)
    normalization = load_normalization(results.normalization(cell))
    settings, device = config.training, find_device(config.training.device)
    generator = load_generator(results.weights(cell), device)
    tested = test_patients(config, cell, read_patients(results))
    folder = results.predictions(cell)
    with reproducible(settings, int(cell.seed), device):
        write_derivative_description(folder, f"Synthetic CE-MRI of {model_label(config, cell)}")
        for row in progress(records(tested), f"predict {model_label(config, cell)}"):
            patient = StoredPatient(results.images(row["institution"]), row["patient_id"])
            volume = predict_volume(generator, patient, normalization, settings)
            sources = [row[modality] for modality in INPUTS]
            _write_prediction(folder, patient, volume, cell, sources)


def predict_volume(
    generator: nn.Module,
    patient: StoredPatient,
    normalization: FittedNormalization,
    settings: Training,
) -> Volume:
    """A patient's synthetic CE in normalized units, float32 (slice, row, column)."""
    from gfce.training.synthesis import synthesize  # torch is slow to import

    inputs = network_inputs(patient, normalization)
    output = synthesize(
        generator, inputs["t1w"], inputs["t2w"], settings.batch_size, settings.precision
    )
    return normalization.from_network(output)


def network_inputs(patient: StoredPatient, normalization: FittedNormalization) -> dict[str, Volume]:
    """A patient's T1w and T2w in network units, float32 (slice, row, column)."""
    return {
        modality: normalization.to_network(patient.normalized(modality, normalization))
        for modality in INPUTS
    }


def _write_prediction(
    folder: Path, patient: StoredPatient, normalized: Volume, cell: Cell, sources: list[str]
) -> None:
    path = prediction_path(folder, patient.patient_id)
    write_image(to_image(normalized, patient.geometry), path)
    sidecar = {
        "Sources": [f"bids:raw:{source}" for source in sources],
        # BIDS 1.10 requires it: no voxel outside the brain was set to 0.
        "SkullStripped": False,
        "Units": "arbitrary",
        "Description": f"Synthetic contrast-enhanced T1w in {cell.normalization} units",
    }
    write_json(sidecar, path.parent / path.name.replace(".nii.gz", ".json"))
