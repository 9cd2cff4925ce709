"""Steps as they are declared."""

from __future__ import annotations

import re

import pytest
from cohorts import REPOSITORY, Configure

from gfce.config import StudyConfig
from gfce.report.figure import study_figures
from gfce.steps import CELL_STEPS, STEPS, Task, optional, reads, tasks
from gfce.study import Cell, cells

STUDY = {
    "cohort": {"development": ["A", "B"], "external": ["D"]},
    "grid": {"networks": {"mmgsn_net": {"width": 8}, "unet": {"width": 4}}},
}


@pytest.fixture
def config(configure: Configure) -> StudyConfig:
    return configure(**STUDY)


def test_each_task_stands_behind_those_that_it_reads(config: StudyConfig) -> None:
    done: set[Task] = set()
    for task in tasks(config):
        assert set(reads(config, task)) <= done, task
        done.add(task)


def test_the_steps_of_a_cell_are_in_order() -> None:
    assert CELL_STEPS == ("train", "predict", "evaluate")


def test_the_pack_reads_the_results_of_every_other_step() -> None:
    results = {name for name, step in STEPS.items() if not step.is_of_dataset}
    assert set(STEPS["pack"].reads) == results - {"pack"}


def test_a_cell_reads_the_images_that_it_sees(config: StudyConfig) -> None:
    cell = Cell("unet", "min_max", "uni-A", 1)
    assert reads(config, Task("train", cell)) == [
        Task("index"),
        Task("leaks"),
        Task("preprocess", "A"),
    ]
    assert reads(config, Task("evaluate", cell)) == [
        Task("index"),
        Task("leaks"),
        Task("train", cell),
        Task("predict", cell),
        Task("preprocess", "A"),
        Task("preprocess", "B"),  # where it is a guest
        Task("preprocess", "D"),
    ]


def test_figures_read_what_they_show(config: StudyConfig) -> None:
    assert list(study_figures(config)) == [
        *("distance_effect", "distance_effect_unet", "distances", "figure1", "figure2"),
        *("figure2_unet", "figure3", "figure3_unet", "figure4", "figure4_unet"),
        *("figure5", "figure5_unet", "figure6", "learning"),
        *("next_hospital", "next_hospital_unet"),
    ]
    images = [Task("index"), *(Task("preprocess", name) for name in "ABD")]
    assert reads(config, Task("figures", "figure1")) == images
    unets = [cell for cell in cells(config) if cell.network == "unet"]
    shown = [Task(step, cell) for step in ("train", "predict") for cell in unets]
    assert reads(config, Task("figures", "figure3_unet")) == images + shown
    assert reads(config, Task("figures", "figure4_unet")) == [Task("tabulate")]
    assert reads(config, Task("figures", "figure5")) == [Task("tabulate"), Task("compare")]
    assert reads(config, Task("figures", "figure2_unet")) == []
    assert reads(config, Task("figures", "next_hospital_unet")) == [Task("compare")]
    assert reads(config, Task("figures", "distances")) == [Task("distances")]
    learning = reads(config, Task("figures", "learning"))
    assert learning == [Task("train", cell) for cell in cells(config)]


def test_a_dataset_is_simulated_where_the_configuration_says_so(configure: Configure) -> None:
    assert Task("simulate") not in tasks(configure())
    simulated = configure(simulation={"patients": {"A": 3}})
    assert tasks(simulated)[0] == Task("simulate")
    assert reads(simulated, Task("index")) == [Task("simulate")]


def test_tables_and_the_report_make_do_without_what_they_gather(config: StudyConfig) -> None:
    loose = {
        (task.step, read.step)
        for task in tasks(config)
        for read in reads(config, task)
        if optional(task, read) and task.step not in ("report", "pack")
    }
    assert loose == {
        *(("tabulate", "evaluate"), ("tabulate", "baselines")),
        *(("compare", "quality"), ("compare", "distances"), ("compare", "train")),
    }
    for task in (Task("report"), Task("pack")):
        needed = {read for read in reads(config, task) if not optional(task, read)}
        assert needed == {Task("index")}


def test_every_step_has_a_rule() -> None:
    rules = "".join(path.read_text() for path in (REPOSITORY / "rules").glob("*.smk"))
    for name in STEPS:
        assert re.search(rf"gfce {name} \{{(params|input)\.config:q\}}", rules), name
