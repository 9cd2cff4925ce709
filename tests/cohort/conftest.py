"""A dataset that is in order, to be changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cohorts import COHORT, Configure, write_cohort

from gfce.config import StudyConfig


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset that is in order, to be copied."""
    root = tmp_path_factory.mktemp("made") / "data"
    write_cohort(root, COHORT)
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def study(root: Path, configure: Configure) -> StudyConfig:
    """One training patient each, so that the cohort can do without a broken one."""
    return configure(cohort={"training_patients": 1})
