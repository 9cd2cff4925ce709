"""`gfce quality`, from a dataset to its page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from cohorts import COHORT, Configure, write_cohort
from provenance.conftest import study_in
from provenance.pretending import due, pretend_all, steps

from gfce.cohort.index import index
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.quality.columns import COLUMNS
from gfce.quality.step import quality
from gfce.steps import Task, optional, reads, tasks
from gfce.study import Results


def test_what_is_written(study: StudyConfig, capsys: pytest.CaptureFixture[str]) -> None:
    quality(study)
    results = Results(study)
    table = pd.read_csv(results.quality)
    assert list(table.columns) == [column.name for column in COLUMNS]
    assert table["patient_id"].drop_duplicates().tolist() == list(COHORT)
    assert table["modality"].tolist() == ["t1w", "t2w", "ce"] * len(COHORT)
    assert (table["rows"].iloc[0], table["columns"].iloc[0]) == (24, 20)
    for column in COLUMNS:
        if column.allowed:
            assert set(table[column.name]) <= set(column.allowed)
    assert set(table["fat_suppression"]) == {"cannot say"}  # ellipses of one tissue
    text = results.quality_page.read_text()
    assert all(f"<h3>{patient}</h3>" in text for patient in COHORT)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gfce:")]
    assert len(lines) == text.count('class="look"')
    before = results.quality_page.read_bytes()
    quality(study)
    assert results.quality_page.read_bytes() == before


def test_it_needs_the_store(configure: Configure) -> None:
    config = configure()
    write_cohort(config.cohort.dataset, COHORT)
    with pytest.raises(UserError, match="run `gfce index` first"):
        quality(config)
    index(config)
    with pytest.raises(UserError, match="run `gfce preprocess` first"):
        quality(config)


def test_no_model_waits_for_it(study: StudyConfig) -> None:
    waiting = {task.step for task in tasks(study) if Task("quality") in reads(study, task)}
    assert waiting == {"compare", "fingerprint", "report", "pack"}
    assert optional(Task("compare"), Task("quality"))


def test_a_study_that_was_finished_before_lacks_it_and_nothing_else(tmp_path: Path) -> None:
    config = study_in(tmp_path)
    pretend_all(config)
    record = Results(config).record("quality")
    record.unlink()
    Results(config).quality.unlink()
    Results(config).quality_page.unlink()
    Results(config).record("fingerprint").unlink()
    assert due(config) == {
        Task("quality"): "not made yet",
        Task("fingerprint"): "not made yet",
        Task("compare"): "follows quality",  # the data package describes quality.csv
        Task("figures", "figure5"): "follows compare",
        Task("figures", "figure6"): "follows compare",
        Task("figures", "distance_effect"): "follows compare",
        Task("figures", "next_hospital"): "follows compare",
        Task("report"): "follows quality",
        Task("pack"): "follows quality",
    }


def test_a_role_reruns_it_and_a_training_setting_does_not(tmp_path: Path) -> None:
    config = study_in(tmp_path)
    pretend_all(config)
    assert "quality" not in steps(due(study_in(tmp_path, training={"epochs": 2})))
    assert "quality" in steps(due(study_in(tmp_path, images={"matrix": [48, 40]})))
