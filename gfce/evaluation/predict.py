"""`gfce predict`: the synthetic CE volumes of a model's test patients, as NIfTI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gfce.cohort.bids import SUFFIXES, anat_path, write_derivative_description
from gfce.config import StudyConfig
from gfce.evaluation.predictions import prediction_path
from gfce.files import records, write_json
from gfce.images.arrays import Volume
from gfce.images.fitting import load_normalization
from gfce.images.normalizations import FittedNormalization
from gfce.images.store import load_grid, load_statistics, load_volumes
from gfce.images.volumes import to_image
from gfce.images.writing import write_image
from gfce.progress import progress
from gfce.study import Cell, Results, model_label, read_patients, test_patients


def predict(config: StudyConfig, cell: Cell) -> None:
    """Apply a trained model to all its test patients.

    Volumes lie on the patient's resampled grid, in the normalized units of the cell: the real CE
    volume, whose units are not known for a new patient, has no part in them.
    """
    from gfce.training.arithmetic import find_device, reproducible  # torch is slow to import
    from gfce.training.synthesis import synthesize
    from gfce.training.weights import load_generator

    results = Results(config)
    normalization = load_normalization(results.model(cell))
    settings, device = config.training, find_device(config.training.device)
    generator = load_generator(results.model(cell) / "weights.safetensors", device)
    tested = test_patients(config, cell, read_patients(results))
    folder = results.predictions(cell)
    with reproducible(settings, int(cell.seed), device):
        write_derivative_description(folder, f"Synthetic CE-MRI of {model_label(config, cell)}")
        for row in progress(records(tested), f"predict {model_label(config, cell)}"):
            images = results.images(row["institution"])
            inputs = network_inputs(images, row["patient_id"], normalization)
            output = synthesize(
                generator, inputs["t1w"], inputs["t2w"], settings.batch_size, settings.precision
            )
            normalized = normalization.from_network(output)
            _write_prediction(folder, images, row, normalized, cell)


def network_inputs(
    images: Path, patient_id: str, normalization: FittedNormalization
) -> dict[str, Volume]:
    """A patient's T1w and T2w in network units, float32 (slice, row, column)."""
    statistics = load_statistics(images, patient_id)
    return {
        modality: normalization.to_network(
            normalization.normalize(modality, volume, statistics[modality])
        )
        for modality, volume in load_volumes(images, patient_id, ("t1w", "t2w")).items()
    }


def _write_prediction(
    folder: Path, images: Path, row: dict[str, Any], normalized: Volume, cell: Cell
) -> None:
    patient = row["patient_id"]
    path = prediction_path(folder, patient)
    write_image(to_image(normalized, load_grid(images, patient)), path)
    sources = [f"bids:raw:{anat_path(patient, SUFFIXES[m])}.nii.gz" for m in ("t1w", "t2w")]
    sidecar = {
        "Sources": sources,
        "Units": "arbitrary",
        "Description": f"Synthetic contrast-enhanced T1w in {cell.normalization} units",
    }
    write_json(sidecar, path.parent / path.name.replace(".nii.gz", ".json"))
