"""`gfce status`: how far each cell of the grid and each other step is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from gfce.config import StudyConfig
from gfce.provenance.state import NOT_MADE, Provenance
from gfce.steps import CELL_STEPS, STEPS, Task, tasks
from gfce.study import Cell, cells, model_label
from gfce.watching.slurm import QueuedJob, queued_jobs
from gfce.watching.task_state import SLURM_LOGS, Surroundings, in_the_queue

STATES = ("done", "running", "queued", "failed", "outdated", "missing")


@dataclass(frozen=True)
class CellStatus:
    """How far a cell is.

    Attributes:
        cell: the cell's folder.
        model: its label in the tables.
        state: done, running, queued, failed, outdated (what is there does not fit the
            configuration, the code or the data) or missing (nothing is there or under way).
        step: the step that the state is about.
        note: why it failed, waits or is outdated, its node, or its last line of progress.
    """

    cell: str
    model: str
    state: str
    step: str
    note: str


@dataclass(frozen=True)
class StepStatus:
    """How far a step of no cell is.

    Attributes:
        step: the step.
        counts: how many of its results are in each state of a cell's that there is.
        failed: why, of each result that failed, by the institution or figure (`all`: the study).
    """

    step: str
    counts: dict[str, int]
    failed: dict[str, str]


@dataclass(frozen=True)
class StudyStatus:
    """How far a study is.

    Attributes:
        study: its name.
        counts: how many cells are in each state.
        cells: each of them.
        steps: the steps of no cell, in order.
        outdated: results of these that are there and do not fit, each with why.
    """

    study: str
    counts: dict[str, int]
    cells: list[CellStatus]
    steps: list[StepStatus]
    outdated: dict[str, str]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is due."""
        states = [
            *self.counts.items(),
            *(item for step in self.steps for item in step.counts.items()),
        ]
        return not any(number for state, number in states if state != "done")


def status(
    config: StudyConfig,
    queue: Iterable[QueuedJob] | None = None,
    slurm_logs: Path | None = None,
    known: Provenance | None = None,
) -> StudyStatus:
    """How far a study is.

    Args:
        config: the study.
        queue: the user's jobs (None: asks squeue for those that were submitted in this folder).
        slurm_logs: the executor plugin's log folder (None: that of profiles/slurm).
        known: what is due, if that is known already.
    """
    known = known or Provenance(config)
    jobs = queued_jobs(Path.cwd()) if queue is None else queue
    seen = Surroundings(known, jobs, slurm_logs or SLURM_LOGS)
    rows = [_cell_status(seen, cell) for cell in cells(config)]
    counts = Counter(row.state for row in rows)
    ordered = {state: counts[state] for state in STATES}
    others = [task for task in tasks(config) if task.cell is None]
    steps = [
        _step_status(seen, step, [task for task in others if task.step == step])
        for step in STEPS
        if step not in CELL_STEPS
    ]
    present = [step for step in steps if step.counts]
    return StudyStatus(config.study, ordered, rows, present, _outdated(known, others))


def _outdated(known: Provenance, others: list[Task]) -> dict[str, str]:
    """Results of no cell that are there and do not fit."""
    reasons = {str(task): known.reason(task) for task in others}
    return {name: reason for name, reason in reasons.items() if reason and reason != NOT_MADE}


def _step_status(seen: Surroundings, step: str, of_step: list[Task]) -> StepStatus:
    states = {task: seen.state(task) for task in of_step}
    counts = Counter(state for state, _ in states.values())
    failed = {str(task.what): note for task, (state, note) in states.items() if state == "failed"}
    return StepStatus(step, {name: counts[name] for name in STATES if counts[name]}, failed)


def _cell_status(seen: Surroundings, cell: Cell) -> CellStatus:
    known = seen.known
    job = seen.job_for(Task(CELL_STEPS[0], cell))
    if job is not None:
        step = job.step
        state, note = in_the_queue(known.results.log(step, cell), job)
    elif (due := known.next_step(cell)) is None:
        state, step, note = "done", CELL_STEPS[-1], ""
    else:
        step = due[0]
        state, note = seen.without_a_job(Task(step, cell), due[1])
    return CellStatus(str(cell), model_label(known.config, cell), state, step, note)


def status_json(content: StudyStatus) -> str:
    """A status for programs: the attributes of StudyStatus."""
    return json.dumps(asdict(content), indent=2) + "\n"


def status_text(content: StudyStatus, width: int = 100) -> str:
    """A status for people, no cell's line wider than `width`."""
    longest = max(len(row.cell) for row in content.cells)
    counts = ", ".join(f"{number} {state}" for state, number in content.counts.items() if number)
    lines = [f"Study {content.study}: {len(content.cells)} cells: {counts}"]
    lines += [f"outdated: {name}: {reason}" for name, reason in content.outdated.items()]
    lines += failures(content)
    for row in content.cells:
        line = f"{row.cell:<{longest}}  {row.state:<8} {row.step:<8} {row.note}"
        lines.append(cut(line.rstrip(), width))
    return "\n".join(lines) + "\n"


def failures(content: StudyStatus) -> list[str]:
    """A line for each result of no cell that failed."""
    return [
        f"failed: {Task(step.step, what)}: {why}"
        for step in content.steps
        for what, why in step.failed.items()
    ]


def cut(line: str, width: int) -> str:
    """A line, no wider than `width`."""
    return line if len(line) <= width else line[: width - 3] + "..."
