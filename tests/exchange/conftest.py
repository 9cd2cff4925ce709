"""Two hospitals' sides of one exchange, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from two_hospitals import (
    AT_D,
    AT_HOME,
    BEFORE_TABLES,
    LEFT_OUT,
    MARKER,
    STATISTICS,
    copied,
    evaluation,
    gfce,
    run,
    write_hospitals,
    write_study,
)


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a finished study of hospitals A, B and C; not to be changed."""
    folder = tmp_path_factory.mktemp("home")
    write_hospitals(folder / "data", AT_HOME | {LEFT_OUT: "A"})
    config = write_study(folder, [])
    run(config, *BEFORE_TABLES, *STATISTICS)
    return config


@pytest.fixture
def home(original: Path, tmp_path: Path) -> Path:
    """A copy of that study's configuration, with all that belongs to it."""
    return copied(original, tmp_path / "home")


@pytest.fixture(scope="session")
def bundle(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All models of that study."""
    path = tmp_path_factory.mktemp("sent") / "bundle.zip"
    gfce("bundle", original, "-o", path)
    return path


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The patients of hospital D; not to be changed."""
    folder = tmp_path_factory.mktemp("hospital") / "data"
    write_hospitals(folder, AT_D)
    return folder


@pytest.fixture
def hospital(dataset: Path, tmp_path: Path) -> Path:
    """A copy of hospital D's dataset."""
    return shutil.copytree(dataset, tmp_path / f"{MARKER}-data")


@pytest.fixture(scope="session")
def sent(bundle: Path, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows of hospital D; not to be changed."""
    rows = tmp_path_factory.mktemp("rows") / "rows"
    gfce(*evaluation(bundle, dataset, rows))
    return rows


@pytest.fixture(scope="session")
def merged_original(original: Path, sent: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study with hospital D; not to be changed."""
    config = copied(original, tmp_path_factory.mktemp("merged"))
    gfce("merge", config, sent)
    run(config, *STATISTICS)
    return config


@pytest.fixture
def merged(merged_original: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return copied(merged_original, tmp_path / "merged")


@pytest.fixture
def rows(sent: Path, tmp_path: Path) -> Path:
    """A copy of them."""
    return shutil.copytree(sent, tmp_path / "rows")
