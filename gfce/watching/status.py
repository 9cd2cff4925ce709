"""`gfce status`: how far each cell of the grid is, from its files and from Slurm's queue."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gfce.config import StudyConfig
from gfce.provenance.state import NOT_MADE, Provenance
from gfce.steps import CELL_STEPS, tasks
from gfce.study import Cell, Results, cells, model_label
from gfce.watching.logs import error, last_lines
from gfce.watching.slurm import QueuedJob, queued_jobs

STATES = ("done", "running", "queued", "failed", "outdated", "missing")

SILENCE_SECONDS = 90.0
"""A training writes a line every half minute; one that is silent for longer has ended."""


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
class StudyStatus:
    """How far a study is.

    Attributes:
        study: its name.
        counts: how many cells are in each state.
        cells: each of them.
        outdated: other results that are there and do not fit, each with why.
    """

    study: str
    counts: dict[str, int]
    cells: list[CellStatus]
    outdated: dict[str, str]


def status(
    config: StudyConfig, queue: Iterable[QueuedJob] | None = None, slurm_logs: Path | None = None
) -> StudyStatus:
    """How far a study is.

    Args:
        config: the study.
        queue: the user's jobs (None: asks squeue for those that were submitted in this folder).
        slurm_logs: the executor plugin's log folder (None: that of profiles/slurm).
    """
    known = Provenance(config)
    jobs = _by_cell(queued_jobs(Path.cwd()) if queue is None else queue)
    logs = slurm_logs or Path(".snakemake", "slurm")
    rows = [_cell_status(known, cell, jobs, logs) for cell in cells(config)]
    counts = Counter(row.state for row in rows)
    ordered = {state: counts[state] for state in STATES}
    return StudyStatus(config.study, ordered, rows, _outdated(known))


def _outdated(known: Provenance) -> dict[str, str]:
    """Results of no cell that are there and do not fit."""
    of_no_cell = [task for task in tasks(known.config) if task.cell is None]
    reasons = {str(task): known.reason(task) for task in of_no_cell}
    return {name: reason for name, reason in reasons.items() if reason and reason != NOT_MADE}


def _by_cell(queue: Iterable[QueuedJob]) -> dict[str, QueuedJob]:
    """Jobs by the plugin's name of a cell; a running one before one that waits."""
    ordered = sorted(queue, key=lambda job: job.state == "RUNNING")
    return {job.wildcards: job for job in ordered if job.step in CELL_STEPS}


def _cell_status(
    known: Provenance, cell: Cell, jobs: Mapping[str, QueuedJob], slurm_logs: Path
) -> CellStatus:
    results, job = known.results, jobs.get(_wildcards(cell))
    if job is not None:
        state, step, note = _in_the_queue(results, cell, job)
    elif (due := known.next_step(cell)) is None:
        state, step, note = "done", CELL_STEPS[-1], ""
    else:
        step = due[0]
        job_logs = slurm_logs / f"rule_{step}" / _wildcards(cell)
        state, note = _without_a_job(due[1], _unfinished_log(known, step, cell), job_logs)
    return CellStatus(str(cell), model_label(known.config, cell), state, step, note)


def _unfinished_log(known: Provenance, step: str, cell: Cell) -> Path | None:
    """The log of a step that is under way or was broken off (None: of a result that is there)."""
    log, record = known.results.log(step, cell), known.results.record(step, cell)
    if not log.exists():
        return None
    is_finished = record.exists() and record.stat().st_mtime_ns >= log.stat().st_mtime_ns
    return None if is_finished else log


def _without_a_job(reason: str, log: Path | None, slurm_logs: Path) -> tuple[str, str]:
    """How far a step is that is due and that Slurm knows nothing of, and a note."""
    if log is None:
        return ("missing", "") if reason == NOT_MADE else ("outdated", reason)
    lines = last_lines(log)
    if not error(lines) and time.time() - log.stat().st_mtime < SILENCE_SECONDS:
        return "running", "".join(lines[-1:])
    return "failed", failure(lines, slurm_logs)


def _wildcards(cell: Cell) -> str:
    """A cell as the executor plugin calls it."""
    return str(cell).replace("/", "_")


def _in_the_queue(results: Results, cell: Cell, job: QueuedJob) -> tuple[str, str, str]:
    if job.state != "RUNNING":
        return "queued", job.step, f"job {job.number}, {job.reason}"
    lines = last_lines(results.log(job.step, cell))
    return "running", job.step, "; ".join([f"job {job.number} on {job.reason}", *lines[-1:]])


def failure(lines: Sequence[str], slurm_logs: Path) -> str:
    """The first line of why a step with these last lines failed.

    What Slurm says (memory, walltime) comes before what the step itself wrote last: a process that
    was killed could not write why.
    """
    verdicts = [line for line in _newest_lines(slurm_logs) if _is_slurms_verdict(line)]
    return next(filter(None, [*verdicts, error(lines), *lines[-1:]]), "ended without a word")


def _is_slurms_verdict(line: str) -> bool:
    return line.startswith(("slurmstepd", "srun: error")) and (
        "exceeded memory" in line.lower() or "DUE TO" in line or "oom" in line.lower()
    )


def _newest_lines(folder: Path) -> list[str]:
    logs = list(folder.glob("*.log"))
    return last_lines(max(logs, key=lambda path: path.stat().st_mtime)) if logs else []


def status_json(content: StudyStatus) -> str:
    """A status for programs: the attributes of StudyStatus."""
    return json.dumps(asdict(content), indent=2) + "\n"


def status_text(content: StudyStatus, width: int = 100) -> str:
    """A status for people, no line wider than `width`."""
    longest = max(len(row.cell) for row in content.cells)
    counts = ", ".join(f"{number} {state}" for state, number in content.counts.items() if number)
    lines = [f"Study {content.study}: {len(content.cells)} cells: {counts}"]
    lines += [f"outdated: {name}: {reason}" for name, reason in content.outdated.items()]
    for row in content.cells:
        line = f"{row.cell:<{longest}}  {row.state:<8} {row.step:<8} {row.note}"
        lines.append(line.rstrip() if len(line) <= width else line[: width - 3] + "...")
    return "\n".join(lines) + "\n"
