"""Synthetic volumes are a BIDS derivative, as the validator has it."""

from __future__ import annotations

import json

from synthesizing import CELL
from validating import validator_errors

from gfce.config import StudyConfig
from gfce.evaluation.predict import predict
from gfce.evaluation.predictions import prediction_path
from gfce.study import Results, read_patients


def test_predictions_are_a_valid_derivative(trained: StudyConfig, study: Results) -> None:
    predict(trained, CELL)
    folder = study.predictions(CELL)
    assert validator_errors(folder) == []
    row = read_patients(study).query("split == 'test'").iloc[0]
    image = prediction_path(folder, row["patient_id"])
    sidecar = image.with_name(image.name.replace(".nii.gz", ".json"))
    sources = [f"bids:raw:{row['t1w']}", f"bids:raw:{row['t2w']}"]
    assert json.loads(sidecar.read_text())["Sources"] == sources
    sidecar.rename(sidecar.with_suffix(".txt"))
    assert validator_errors(folder) != []
    sidecar.with_suffix(".txt").rename(sidecar)
