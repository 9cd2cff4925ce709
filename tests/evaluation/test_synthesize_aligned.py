"""One patient whose T2w lies on another grid than the T1w."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cohorts import head
from displacing import displaced, movement
from synthesizing import aligned, command, swapped, wide

from gfce.cli import main
from gfce.evaluation.model_folder import ModelFolder
from gfce.evaluation.new_patient import NewPatient
from gfce.images.preprocess import resample_patient
from gfce.images.reading import read_image
from gfce.images.volumes import same_geometry


def moved(inputs: Path) -> None:
    """A patient of more slices, who has moved before T2w."""
    t1w, t2w = (wide(head(seed, slices=16)) for seed in (0, 1))
    swapped(inputs, "t1w", t1w)
    by = movement(t1w, (4.0, -3.0, 1.0), (1.0, 2.0, 0.0))
    swapped(inputs, "t2w", displaced(t2w, by))


@pytest.mark.parametrize("how", ["resample", "rigid"])
def test_it_follows_the_models_alignment(folder: Path, inputs: Path, how: str) -> None:
    aligned(folder, how)
    moved(inputs)
    assert main(command(folder, inputs)) == 0
    written, t1w = inputs.parent / "ce.nii.gz", inputs / "t1w.nii.gz"
    assert same_geometry(read_image(written), read_image(t1w))
    said = json.loads((inputs.parent / "ce.json").read_text())["Alignment"]
    assert (said["how"], said["on_grid"]) == (how, False)
    assert ("mi_before" in said) == (how == "rigid")
    images = ModelFolder.read(folder).config.images
    patient = NewPatient.read(t1w, inputs / "t2w.nii.gz", images)
    row = {"patient_id": "sub-1", "tumour": np.nan, "t1w": "t1w.nii.gz", "t2w": "t2w.nii.gz"}
    stored = resample_patient({**row, "ce": "t1w.nii.gz"}, inputs, images)
    for modality, volume in patient.volumes.items():
        assert volume.tobytes() == stored.volumes[modality].tobytes()


def test_a_failed_registration_is_a_warning(
    folder: Path,
    inputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("gfce.images.alignment.MAX_MOVEMENT_MM", -1.0)
    aligned(folder, "rigid")
    moved(inputs)
    assert main(command(folder, inputs)) == 0
    content = json.loads((inputs.parent / "ce.json").read_text())
    assert content["Alignment"]["registration"] == "failed"
    text = "T2w: is not registered, but lies as its header says: "
    assert content["Warnings"][0].startswith(text)
    assert any(text in message for message in caplog.messages)


def test_without_alignment_nothing_is_said_of_it(folder: Path, inputs: Path) -> None:
    assert main(command(folder, inputs)) == 0
    assert "Alignment" not in json.loads((inputs.parent / "ce.json").read_text())
