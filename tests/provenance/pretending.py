"""A study that looks finished: every result is a file of text with a true record."""

from __future__ import annotations

from pathlib import Path

from cohorts import COHORT, write_cohort

from gfce.cohort.index import index
from gfce.config import StudyConfig
from gfce.files import write_text
from gfce.provenance.performing import perform
from gfce.provenance.state import Provenance
from gfce.steps import Task, tasks
from gfce.study import Results, cells


def pretend_all(config: StudyConfig) -> None:
    """Write the patients of `COHORT`, and pretend to do everything with them."""
    write_cohort(config.cohort.dataset, COHORT)
    pretend(config)


def pretend(config: StudyConfig) -> None:
    """Index the cohort, and pretend to do everything else that is due."""
    for task in tasks(config):
        if task.step == "index":
            perform(config, task, lambda _: index(config))
        elif task.step != "simulate":
            perform(config, task, lambda _, task=task: write_all(config, task))


def write_all(config: StudyConfig, task: Task) -> None:
    """Write some text into some of what a task writes."""
    for path in files(config, task):
        write_text(str(task), path)


def files(config: StudyConfig, task: Task) -> list[Path]:
    """Some of what a task writes."""
    results, cell, what = Results(config), task.cell, str(task.what)
    if cell:
        return {
            "train": [
                *(results.weights(cell), results.normalization(cell)),
                *(results.history(cell), results.run(cell)),
            ],
            "predict": [results.predictions(cell) / name for name in ("a.nii.gz", "a.json")],
            "evaluate": [results.cell_metrics(cell), results.cell_enhancement(cell)],
        }[task.step]
    return {
        "preprocess": [results.images(what) / "statistics.csv"],
        "leaks": [results.leaks],
        "quality": [results.quality, results.quality_page],
        "distances": [results.institution_distances, results.training_distances],
        "fingerprint": [results.fingerprint(cell) for cell in cells(config)],
        "baselines": [results.baselines],
        "tabulate": [results.metrics, results.enhancement, results.table("table1", "csv")],
        "compare": [results.findings, results.datapackage],
        "figures": [results.figure(what, "png")],
        "report": [results.report],
        "pack": [results.crate],
    }[task.step]


def due(config: StudyConfig) -> dict[Task, str]:
    """What is due now, and why."""
    state = Provenance(config)
    reasons = {task: state.reason(task) for task in tasks(config)}
    return {task: reason for task, reason in reasons.items() if reason}


def steps(found: dict[Task, str]) -> set[str]:
    """The steps of these tasks."""
    return {task.step for task in found}
