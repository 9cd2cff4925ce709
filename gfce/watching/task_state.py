"""How far one task is: from its log, its record and Slurm's queue."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gfce.planning.resources import resources
from gfce.provenance.state import NOT_MADE, Provenance
from gfce.steps import CELL_STEPS, WHOLE, Task
from gfce.watching.logs import error, last_lines
from gfce.watching.slurm import QueuedJob

SLURM_LOGS = Path(".snakemake", "slurm")
"""The executor plugin's log folder in profiles/slurm."""

SILENCE_SECONDS = 90.0
"""A training writes a line every half minute; one that is silent for longer has ended."""
RULES = {"figures": "draw"}
"""Rules that are not called as their step (rules/report.smk)."""


def written(path: Path) -> int | None:
    """When a file was written, in ns (None: it is not there, or no longer)."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


@dataclass(frozen=True)
class Surroundings:
    """What a task's state is seen from.

    Attributes:
        known: what is due.
        queue: the user's jobs in Slurm.
        slurm_logs: the executor plugin's log folder.
    """

    known: Provenance
    queue: Iterable[QueuedJob]
    slurm_logs: Path
    _jobs: Mapping[tuple[str, str], QueuedJob] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the jobs by what they are for; a running one counts before one that waits."""
        ordered = sorted(self.queue, key=lambda job: job.state == "RUNNING")
        object.__setattr__(
            self, "_jobs", {(_whose(job.step), job.wildcards): job for job in ordered}
        )

    def job_for(self, task: Task) -> QueuedJob | None:
        """The job that does a task, or another step of the same cell."""
        rule = RULES.get(task.step, task.step)
        return self._jobs.get((_whose(rule), wildcards(task)))

    def state(self, task: Task) -> tuple[str, str]:
        """How far a task is (a state of gfce.watching.status), and a note."""
        if job := self.job_for(task):
            return in_the_queue(self.known.results.log(task.step, task.what), job)
        reason = self.known.reason(task)
        return self.without_a_job(task, reason) if reason else ("done", "")

    def without_a_job(self, task: Task, reason: str) -> tuple[str, str]:
        """How far a task is that is due and that Slurm knows nothing of, and a note."""
        log = self.unfinished_log(task)
        if log is None:
            return ("missing", "") if reason == NOT_MADE else ("outdated", reason)
        lines, slurm_logs = last_lines(log), self.slurm_logs / f"rule_{task.step}" / wildcards(task)
        # What Slurm ran and no longer knows of has ended.
        patience = SILENCE_SECONDS if slurm_logs.exists() else self._patience(task)
        if not error(lines) and time.time() - (written(log) or 0) / 1e9 < patience:
            return "running", "".join(lines[-1:])
        why = failure(lines, slurm_logs)
        # What ended well and was copied or touched since looks the same.
        is_there = reason != NOT_MADE and why in ("", *lines[-1:])
        return ("outdated", reason) if is_there else ("failed", why or "ended without a word")

    def unfinished_log(self, task: Task) -> Path | None:
        """The log of a step that is under way or was broken off (None: its result is there)."""
        log = self.known.results.log(task.step, task.what)
        began, ended = written(log), written(self.known.record_path(task))
        return None if began is None or (ended or -1) >= began else log

    def _patience(self, task: Task) -> float:
        """How long a step may be silent: as long as its job may take, but a training speaks."""
        if task.step == "train":
            return SILENCE_SECONDS
        return 60.0 * resources(task.step, self.known.config, task.what).runtime


def _whose(step: str) -> str:
    """Steps of a cell follow each other: its job is one of them."""
    return "cell" if step in CELL_STEPS else step


def wildcards(task: Task) -> str:
    """A task as the executor plugin calls it."""
    return "" if task.what == WHOLE else str(task.what).replace("/", "_")


def in_the_queue(log: Path, job: QueuedJob) -> tuple[str, str]:
    """The state of a job that Slurm knows, and a note."""
    if job.state != "RUNNING":
        return "queued", f"job {job.number}, {job.reason}"
    return "running", "; ".join([f"job {job.number} on {job.reason}", *last_lines(log)[-1:]])


def failure(lines: Sequence[str], slurm_logs: Path) -> str:
    """The first line of why a step with these last lines failed (empty: it did not say).

    What Slurm says (memory, walltime) comes before what the step itself wrote last: a process that
    was killed could not write why.
    """
    verdicts = [line for line in _newest_lines(slurm_logs) if _is_slurms_verdict(line)]
    return next(filter(None, [*verdicts, error(lines), *lines[-1:]]), "")


def _is_slurms_verdict(line: str) -> bool:
    return line.startswith(("slurmstepd", "srun: error")) and (
        "exceeded memory" in line.lower() or "DUE TO" in line or "oom" in line.lower()
    )


def _newest_lines(folder: Path) -> list[str]:
    logs = {path: found for path in folder.glob("*.log") if (found := written(path)) is not None}
    return last_lines(max(logs, key=lambda path: logs[path])) if logs else []
