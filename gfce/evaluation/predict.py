"""`gfce predict`: the synthetic CE volumes of a model's test patients, as NIfTI."""

from __future__ import annotations

from pathlib import Path

from gfce.cohort.bids import write_derivative_description
from gfce.config import StudyConfig
from gfce.evaluation.cell_model import CellModel
from gfce.evaluation.predictions import prediction_path
from gfce.files import records, write_json
from gfce.images.arrays import Volume
from gfce.images.modalities import INPUTS
from gfce.images.store import StoredPatient
from gfce.images.volumes import to_image
from gfce.images.writing import write_image
from gfce.progress import progress
from gfce.study import Cell, Results, model_label, read_patients, test_patients


def predict(config: StudyConfig, cell: Cell) -> None:
    """Apply a trained model to all its test patients.

    Volumes have the geometry of the patient's resampled ones and the normalized units of the cell:
    the real CE volume, whose units are not known for a new patient, has no part in them. A repair
    that has a model for each external institution is applied by the patient's.
    """
    model, folder = CellModel(config, cell), Results(config).predictions(cell)
    tested = test_patients(config, cell, read_patients(Results(config)))
    with model.reproducible():
        write_derivative_description(folder, f"Synthetic CE-MRI of {model_label(config, cell)}")
        for row in progress(records(tested), f"predict {model_label(config, cell)}"):
            institution = row["institution"]
            patient = StoredPatient(Results(config).images(institution), row["patient_id"])
            sources = [row[modality] for modality in INPUTS]
            volume = model.synthesize(patient, institution)
            _write_prediction(folder, patient, volume, cell, sources)


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
