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

LONGEST = (
    *("test_changes", "test_from_dicom", "test_leaks_by_image", "test_whole_study"),
    *("test_additions", "test_report_browser", "test_round_trip", "test_compare"),
    *("test_small_studies", "test_against_trivial", "test_leaks_by_id", "test_unlike_training"),
)
"""Files of minutes, which begin first, so that workers end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files; the order within a file stays."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Makes a configuration whose data and results lie in a temporary folder."""

    def make(**changes: Any) -> StudyConfig:
        cohort = {"dataset": tmp_path / "data", **changes.pop("cohort", {})}
        content = minimal_config(results=tmp_path / "results", cohort=cohort, **changes)
        return parse_config(content, "test.yaml")

    return make
