"""A small study that has run to its end, and its report."""

from __future__ import annotations

from pathlib import Path

import pytest
from cohorts import minimal_config
from test_small_studies import ONE, run

from gfce.cohort.leaks import guard
from gfce.config import StudyConfig, parse_config
from gfce.quality.step import quality
from gfce.report.page.writing import write_report
from gfce.study import Results


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    """A study of three institutions, one of them external, with all results and the report."""
    folder = tmp_path_factory.mktemp("report")
    content = minimal_config(
        results=folder / "results",
        cohort={"dataset": folder / "data", "development": ["A", "B"], "external": ["D"]},
        grid=ONE,
        statistics={"bootstrap_resamples": 99},
    )
    config = parse_config(content, "test.yaml")
    run(config)
    guard(config, workers=1)
    quality(config)
    write_report(config)
    return config


@pytest.fixture(scope="session")
def report(finished: StudyConfig) -> Path:
    """The page of that study."""
    return Results(finished).report
