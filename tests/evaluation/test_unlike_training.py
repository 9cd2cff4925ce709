"""What `gfce synthesize` says of a patient whom another protocol imaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cohorts import minimal_config
from synthesizing import command

from gfce.cli import main
from gfce.cohort.index import index
from gfce.cohort.simulating import simulate
from gfce.config import StudyConfig, parse_config
from gfce.evaluation.new_patient import NewPatient
from gfce.evaluation.unlike import ABSENT, Comparison, compare_with_training
from gfce.files import write_json
from gfce.images.preprocess import preprocess
from gfce.quality.fingerprint import Fingerprint, read_fingerprint
from gfce.quality.fingerprint_step import write_fingerprints
from gfce.quality.step import quality
from gfce.study import Cell, Results

HOSPITAL = "Institution-1"
OTHERS: dict[str, dict[str, Any]] = {
    "same": {},
    "fat": {"t2w_fat_suppression": False},
    "voxels": {"rows": "192", "columns": "168", "voxel_mm": 1.25, "acquired_voxel_mm": 1.25},
    "field": {"field_strength_t": 3.0},
    "slices": {},
}
"""Values of the protocol that differ from the training's; `slices` has fewer in the same head."""


def study_of(root: Path, name: str, seed: int, patients: int, changes: dict[str, Any]) -> Any:
    content = minimal_config(
        study=name,
        results=root / "results",
        cohort={
            "dataset": root / name,
            "development": [HOSPITAL],
            "external": [],
            "training_patients": 4,
        },
        simulation={
            "patients": {HOSPITAL: patients},
            "seed": seed,
            "coarsening": 2.5,
            "slices": 8 if name == "slices" else 12,
            "changes": {HOSPITAL: changes} if changes else {},
        },
        images={"matrix": [96, 84]},
    )
    return parse_config(content, "test.yaml")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hospital")


@pytest.fixture(scope="module")
def config(root: Path) -> StudyConfig:
    return study_of(root, "training", 1, 5, {})


@pytest.fixture(scope="module")
def training(config: StudyConfig) -> Fingerprint:
    """Of four patients of a hospital of 1.5 T that suppresses fat in T2w."""
    simulate(config)
    index(config)
    preprocess(config, HOSPITAL)
    quality(config)
    write_fingerprints(config)
    cell = Cell("mmgsn_net", "min_max", f"uni-{HOSPITAL}", 1)
    return read_fingerprint(Results(config).fingerprint(cell))


def new_patient(root: Path, config: StudyConfig, kind: str) -> NewPatient:
    other = study_of(root, kind, 7, 1, OTHERS[kind])
    simulate(other)
    [anat] = (root / kind).glob("sub-*/anat")
    t1w, t2w = (next(anat.glob(f"sub-*1_{suffix}.nii.gz")) for suffix in ("T1w", "T2w"))
    return NewPatient.read(t1w, t2w, config.images)


SAID: dict[str, tuple[str, ...]] = {
    "same": (),
    "fat": ("T2w: fat is not suppressed (training: fat is suppressed)",),
    "voxels": (
        "T1w and T2w: distance of rows 3.12 mm (training: 1.88 to 1.88 mm)",
        "T1w and T2w: distance of columns 3.",
    ),
    "field": ("T1w: field strength 3 T (training: 1.5 T)",),
    "slices": ("T1w and T2w: distance of slices ",),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_protocol_is_named(
    kind: str, root: Path, config: StudyConfig, training: Fingerprint
) -> None:
    found = compare_with_training(new_patient(root, config, kind), training, training.patients)
    for said in SAID[kind]:
        assert [line for line in found.unlike if line.startswith(said)], found.unlike
    if not SAID[kind]:
        assert found == Comparison([], [], [])


def test_a_folder_without_a_fingerprint_says_so(
    folder: Path, inputs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert main(command(folder, inputs)) == 0
    assert caplog.messages == [f"warning: {ABSENT}"]
    content = json.loads((inputs.parent / "ce.json").read_text())
    assert (content["Warnings"], content["NotCompared"]) == ([ABSENT], ["everything"])


def test_a_fingerprint_of_another_training(
    folder: Path, inputs: Path, training: Fingerprint, caplog: pytest.LogCaptureFixture
) -> None:
    write_json(training.model_dump(), folder / "fingerprint.json")
    write_json({"MagneticFieldStrength": 2.89}, inputs / "t1w.json")
    assert main(command(folder, inputs)) == 0
    assert "fingerprint.json is of 4 patients, the model of 2: it is of another" in caplog.text
    assert "T1w: field strength 2.89 T (training: 1.5 T): unlike the training, do" in caplog.text
    assert "T1w: no bright fat below the skin (training: bright fat below the skin" in caplog.text
    content = json.loads((inputs.parent / "ce.json").read_text())
    assert content["NotCompared"] == []
