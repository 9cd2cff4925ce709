"""A trained model, to synthesize with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cohorts import head
from synthesizing import CELL, trained_model, wide

from gfce.config import StudyConfig
from gfce.images.writing import write_image
from gfce.study import Results


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    """A study of one trained model, whose dataset is gone."""
    return trained_model(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="session")
def study(trained: StudyConfig) -> Results:
    """Its results."""
    return Results(trained)


@pytest.fixture
def folder(study: Results, tmp_path: Path) -> Path:
    """A copy of the model's folder, at another place."""
    copy = tmp_path / "model-of-Doe"
    shutil.copytree(study.model(CELL), copy)
    return copy


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with the T1w and T2w of a patient, and nothing else."""
    root = tmp_path / "patient-Doe"
    for number, name in enumerate(("t1w", "t2w")):
        write_image(wide(head(number)), root / f"{name}.nii.gz")
    return root
