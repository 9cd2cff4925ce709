"""A simulated study to plant leaks in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from planting import content

from gfce.cohort.index import index
from gfce.cohort.simulating import simulate
from gfce.config import StudyConfig, parse_config


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated dataset and its index."""
    folder = tmp_path_factory.mktemp("leaks")
    config = parse_config(content(folder), "test.yaml")
    simulate(config, 2)
    index(config)
    return folder


@pytest.fixture
def study(simulated: Path, tmp_path: Path) -> StudyConfig:
    """A copy of it to plant leaks in."""
    shutil.copytree(simulated, tmp_path, dirs_exist_ok=True)
    return parse_config(content(tmp_path), "test.yaml")
