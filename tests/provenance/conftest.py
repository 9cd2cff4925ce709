"""A study that looks finished, and edits of its code."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cohorts import minimal_config

from gfce.config import StudyConfig, parse_config
from gfce.provenance import code
from provenance.pretending import pretend_all

Edit = Callable[[str, str], None]


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study of which everything is made."""
    folder = tmp_path_factory.mktemp("original")
    config = study_in(folder)
    pretend_all(config)
    return folder


@pytest.fixture
def finished(original: Path, tmp_path: Path) -> StudyConfig:
    """A study of three development institutions and an external one, all of it made."""
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)  # with the times of its files
    return study_in(tmp_path)


def study_in(folder: Path, **changes: Any) -> StudyConfig:
    """The study's configuration, its data and results in a folder."""
    sets = {"a": ["A"], "both": ["A", "B"]}
    cohort = {"dataset": folder / "data", **changes.pop("cohort", {})}
    grid = {"training_sets": sets, **changes.pop("grid", {})}
    content = minimal_config(results=folder / "results", cohort=cohort, grid=grid, **changes)
    content["cohort"] = minimal_config()["cohort"] | cohort
    return parse_config(content, "test.yaml")


@pytest.fixture
def edit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """Edits a module of gfce, as far as provenance sees: adds text to its source."""
    real = code._source

    def apply(module: str, text: str) -> None:
        path = code._path(module)
        assert Path(path).exists()
        monkeypatch.setattr(
            code, "_source", lambda name: real(name) + (text if name == module else "")
        )
        _forget()

    _forget()
    yield apply
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    for cached in (code.hashes, code._parsed, code._known, code.read_lock):
        cached.cache_clear()
