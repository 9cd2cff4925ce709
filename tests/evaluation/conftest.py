"""A trained model, to synthesize with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cohorts import COHORT, head, minimal_config, write_cohort
from synthesizing import wide

from gfce.cohort.index import index
from gfce.config import StudyConfig, parse_config
from gfce.images.preprocess import preprocess
from gfce.images.writing import write_image
from gfce.study import Cell, Results
from gfce.training.cell import train_cell


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    """A study of one trained model, whose dataset is gone."""
    root = tmp_path_factory.mktemp("one")
    content = minimal_config(
        results=root / "results",
        cohort={"dataset": root / "data", "development": ["A"], "external": []},
        grid={"networks": {"unet": {"width": 2}}, "normalizations": ["min_max"]},
    )
    config = parse_config(content, "test.yaml")
    write_cohort(config.cohort.dataset, {name: i for name, i in COHORT.items() if i == "A"})
    index(config)
    preprocess(config, "A")
    train_cell(config, Cell("unet", "min_max", "uni-A", 1))
    shutil.rmtree(root / "data")
    return config


@pytest.fixture(scope="session")
def study(trained: StudyConfig) -> Results:
    """Its results."""
    return Results(trained)


@pytest.fixture
def folder(study: Results, tmp_path: Path) -> Path:
    """A copy of the model's folder, at another place."""
    copy = tmp_path / "model-of-Doe"
    shutil.copytree(study.model(Cell("unet", "min_max", "uni-A", 1)), copy)
    return copy


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with the T1w and T2w of a patient, and nothing else."""
    root = tmp_path / "patient-Doe"
    for number, name in enumerate(("t1w", "t2w")):
        write_image(wide(head(number)), root / f"{name}.nii.gz")
    return root
