"""What a job of the workflow waits for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from cohorts import minimal_config

from gfce.config import load_config
from gfce.provenance.run import Run
from gfce.steps import Task, reads, tasks


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
