"""The steps of a study as tasks, and what each reads of the others."""

from __future__ import annotations

from dataclasses import dataclass

from gfce.config import StudyConfig
from gfce.study import LEARNING, Cell, cells, figure_names, test_institutions

CELL_STEPS = ("train", "predict", "evaluate")
"""The steps of a cell, in order."""
WHOLE = "all"


@dataclass(frozen=True)
class Task:
    """A step, and the cell, the institution or the figure that it is done for."""

    step: str
    what: Cell | str = WHOLE

    def __str__(self) -> str:
        return self.step if self.what == WHOLE else f"{self.step} {self.what}"

    @property
    def cell(self) -> Cell | None:
        """The cell that it is done for."""
        return self.what if isinstance(self.what, Cell) else None


def tasks(config: StudyConfig) -> list[Task]:
    """All tasks of a study, each behind those that it reads from."""
    return [
        *([Task("simulate")] if config.simulation else []),
        Task("index"),
        Task("leaks"),
        *_images(all_institutions(config)),
        *(Task(step, cell) for step in CELL_STEPS for cell in cells(config)),
        *(Task(step) for step in ("baselines", "tabulate", "compare")),
        *(Task("figures", name) for name in figure_names(config)),
    ]


def all_institutions(config: StudyConfig) -> list[str]:
    """The institutions of a study, those to train on first."""
    return [*config.cohort.development, *config.cohort.external]


def reads(config: StudyConfig, task: Task) -> list[Task]:
    """The tasks whose results a task reads."""
    step, cell = task.step, task.cell
    if step == "simulate":
        return []
    if step == "index":
        return [Task("simulate")] if config.simulation else []
    if cell is not None:
        return _of_cell(config, step, cell)
    if step in ("preprocess", "leaks"):
        return [Task("index")]
    grid = cells(config)
    if step == "tabulate":
        return [Task("index"), *(Task("evaluate", cell) for cell in grid), Task("baselines")]
    if step == "compare":
        return [Task("tabulate"), *(Task("train", cell) for cell in grid)]
    if task.what == LEARNING:
        return [Task("train", cell) for cell in grid]
    guarded = [Task("leaks")] if step == "baselines" else []
    images = [Task("index"), *guarded, *_images(all_institutions(config))]
    network = figure_names(config).get(str(task.what)) if step == "figures" else None
    drawn = [cell for cell in grid if cell.network == network]
    return images + [Task(step, cell) for step in ("train", "predict") for cell in drawn]


def follows(read: Task) -> bool:
    """Whether what is made of a result is due because that is.

    Not of images, because those that a task reads are among its inputs, by the hashes of the files
    that they are made from; not of the leak guard, which only has to have found nothing.
    """
    return read.step not in ("preprocess", "leaks")


def optional(task: Task, read: Task) -> bool:
    """Whether a task makes do without a result that it reads: tables say what is missing."""
    return task.step in ("tabulate", "compare") and read.step in ("evaluate", "baselines", "train")


def _of_cell(config: StudyConfig, step: str, cell: Cell) -> list[Task]:
    trained_on = config.training_sets()[cell.training_set]
    tested_on = list(test_institutions(config, cell))
    if step == "train":
        return [Task("index"), Task("leaks"), *_images(trained_on)]
    models = [Task("train", cell)]
    predictions = [Task("predict", cell)] if step == "evaluate" else []
    return [Task("index"), Task("leaks"), *models, *predictions, *_images(tested_on)]


def _images(institutions: list[str]) -> list[Task]:
    return [Task("preprocess", institution) for institution in institutions]
