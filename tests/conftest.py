"""Fixtures of all tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cohorts import Configure, minimal_config
from hypothesis import settings

from gfce.config import StudyConfig, parse_config

# Time says more about the machine than about the code.
settings.register_profile("gfce", deadline=None)
settings.load_profile("gfce")


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Makes a configuration whose data and results lie in a temporary folder."""

    def make(**changes: Any) -> StudyConfig:
        cohort = {"dataset": tmp_path / "data", **changes.pop("cohort", {})}
        content = minimal_config(results=tmp_path / "results", cohort=cohort, **changes)
        return parse_config(content, "test.yaml")

    return make
