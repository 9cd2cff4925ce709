"""What a job of the workflow waits for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from cohorts import minimal_config

from gfce.cohort.index import index
from gfce.config import StudyConfig, load_config
from gfce.provenance.performing import perform
from gfce.provenance.run import Run
from gfce.steps import Task, reads, tasks
from provenance.conftest import study_in


def test_a_job_waits_for_all_that_it_reads_through_few_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("study.yaml")
    path.write_text(yaml.safe_dump(minimal_config()))
    config = load_config(path)
    run = Run(config, path, is_driver=True)
    every = tasks(config)
    of_flag = {run.flag(task): task for task in every}

    def waited_for(task: Task) -> set[Task]:
        direct = [of_flag[flag] for flag in run.waits_for(task)]
        return set(direct).union(*map(waited_for, direct))

    for task in every:
        assert set(reads(config, task)) & set(every) <= waited_for(task), task
    evaluations = [task for task in every if task.step == "evaluate"]
    assert evaluations
    for task in evaluations:
        assert run.waits_for(task) == [run.flag(Task("predict", task.what))]


def test_a_job_waits_for_what_is_due_behind_a_result_that_is_not(
    finished: StudyConfig, tmp_path: Path
) -> None:
    """A training set less: the leak guard is due, no model is, and figures show the models."""
    assert "both" in finished.training_sets()
    fewer = study_in(tmp_path, grid={"training_sets": {"a": ["A"]}})
    perform(fewer, Task("index"), lambda _: index(fewer))
    run = Run(fewer, Path("study.yaml"), is_driver=True)
    every = tasks(fewer)
    leaks = run.flag(Task("leaks"))
    assert run.flags([task for task in every if task.step in ("train", "leaks")]) == [leaks]
    for name in ("learning", "figure3"):
        assert leaks in run.waits_for(Task("figures", name))
