"""A trained model, to synthesize with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cohorts import head
from synthesizing import CELL, trained_model, wide

from gfce.images.writing import write_image
from gfce.study import Results


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One model alone, and nothing of its study."""
    return trained_model(tmp_path_factory.mktemp("one"))


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
