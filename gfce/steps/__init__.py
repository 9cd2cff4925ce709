"""The steps of a study, one module each, and what each reads of the others.

A module of this package that declares `STEP` is a step; its name is the step's, in commands, rules,
records and logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import TopologicalSorter

from gfce.config import StudyConfig
from gfce.declarations import imported
from gfce.steps.step import CELL, WHOLE, Step, Task, What


def _declared() -> dict[str, Step]:
    """The steps by name, each behind those that it reads from."""
    steps: dict[str, Step] = imported(__name__, __path__, "STEP")
    # A cell may read the same step's result of another one.
    needs = {name: step.reads.keys() - {name} for name, step in steps.items()}
    order = TopologicalSorter(needs).static_order()
    return {name: steps[name] for name in order}


STEPS: Mapping[str, Step] = _declared()
"""Every step, each behind those that it reads from."""
CELL_STEPS = tuple(name for name, step in STEPS.items() if step.scope is CELL)
"""The steps of a cell, in order."""

__all__ = [
    "CELL_STEPS",
    "STEPS",
    "WHOLE",
    "Step",
    "Task",
    "What",
    "needs",
    "optional",
    "reads",
    "tasks",
]


def tasks(config: StudyConfig) -> list[Task]:
    """All tasks of a study, each behind those that it reads from."""
    return [Task(name, what) for name, step in STEPS.items() for what in step.scope.every(config)]


def reads(config: StudyConfig, task: Task) -> list[Task]:
    """The tasks whose results a task reads."""
    return [
        Task(name, what)
        for name, select in STEPS[task.step].reads.items()
        for what in (select(config, task.what) if select else STEPS[name].scope.every(config))
    ]


def needs(config: StudyConfig, task: Task) -> list[Task]:
    """The tasks whose results a task cannot do without."""
    return [read for read in reads(config, task) if not optional(task, read)]


def optional(task: Task, read: Task) -> bool:
    """Whether a task makes do without a result that it reads: tables say what is missing."""
    return read.step in STEPS[task.step].makes_do_without
