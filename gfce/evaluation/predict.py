"""`gfce predict`: the synthetic CE volumes of a model's test patients, as NIfTI."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from gfce.cohort.bids import write_derivative_description
from gfce.config import StudyConfig
from gfce.evaluation.applying import apply_model
from gfce.evaluation.predictions import prediction_path
from gfce.files import records, write_json
from gfce.images.arrays import Volume
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import load_normalization, load_repair
from gfce.images.modalities import INPUTS
from gfce.images.store import StoredPatient
from gfce.images.volumes import to_image
from gfce.images.writing import write_image
from gfce.progress import progress
from gfce.repairs.method import Application
from gfce.study import Cell, Results, method_of, model_label, read_patients, test_patients


def predict(config: StudyConfig, cell: Cell) -> None:
    """Apply a trained model to all its test patients.

    Volumes have the geometry of the patient's resampled ones and the normalized units of the cell:
    the real CE volume, whose units are not known for a new patient, has no part in them. A repair
    that has a model for each external institution is applied by the patient's.
    """
    from gfce.training.arithmetic import find_device, reproducible  # torch is slow to import
    from gfce.training.weights import load_generator

    results = Results(config)
    normalization = load_normalization(results.normalization(cell))
    method, fitted = method_of(config, cell), load_repair(results.normalization(cell))
    settings, device = config.training, find_device(config.training.device)
    generator = cache(lambda path: load_generator(path, device))
    tested = test_patients(config, cell, read_patients(results))
    folder = results.predictions(cell)
    with reproducible(settings, int(cell.seed), device):
        write_derivative_description(folder, f"Synthetic CE-MRI of {model_label(config, cell)}")
        for row in progress(records(tested), f"predict {model_label(config, cell)}"):
            patient = StoredPatient(results.images(row["institution"]), row["patient_id"])
            application = Application(
                generator(_weights(config, cell, row["institution"])),
                network_inputs(patient, normalization),
                patient.masks()["foreground"],
                fitted,
                settings,
            )
            output = apply_model(method, application)
            sources = [row[modality] for modality in INPUTS]
            _write_prediction(folder, patient, normalization.from_network(output), cell, sources)


def _weights(config: StudyConfig, cell: Cell, institution: str) -> Path:
    """The generator for patients of an institution."""
    results, method = Results(config), method_of(config, cell)
    is_adapted = method and method.target_patients and institution in config.cohort.external
    return results.adapted_weights(cell, institution) if is_adapted else results.weights(cell)


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
