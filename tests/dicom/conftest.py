"""A trained model, to synthesize from DICOM with."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthesizing import CELL, trained_model

from gfce.study import Results


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model."""
    return Results(trained_model(tmp_path_factory.mktemp("one"))).model(CELL)
