"""How long the study took, against what its jobs were expected to take.

The only part of the page that is another one when the same study is run again.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from gfce import html
from gfce.estimating.job import Job
from gfce.estimating.size import counted_size
from gfce.estimating.speed import Speed, assumed_speed
from gfce.planning.plan import WORKERS
from gfce.planning.resources import estimate
from gfce.report.page.study import ReportedStudy
from gfce.statistics.tables.render import EMPTY
from gfce.steps import STEPS, Task
from gfce.study import Cell


@dataclass(frozen=True)
class Taken:
    """What a job took: seconds, and memory in MB (None: not measured)."""

    seconds: float
    memory_mb: float | None = None


def runtimes(study: ReportedStudy) -> Iterator[str]:
    """The section: a row for each step whose jobs were timed."""
    speed = assumed_speed(study.config)
    rows = [row for step in STEPS if (row := _row(study, step, speed))]
    if not rows:
        yield '<p class="absent">Not shown: no job was timed.</p>\n'
        return
    caption = (
        "Measured of each step's last jobs, added up, by Snakemake (of trainings by hand, by "
        "themselves), and expected of the same jobs before they ran: what their walltimes are "
        f"asked by, without a margin; a training step is {speed.source}. Estimates allow for slow "
        "nodes and file systems."
    )
    header = ["Step", "Jobs", "Measured", "Expected", "Longest job", "Most memory (MB)"]
    yield html.table(caption, header, rows, numbers=range(1, 6))


def _row(study: ReportedStudy, step: str, speed: Speed) -> list[str] | None:
    every = {what: _taken(study, step, what) for what in STEPS[step].scope.every(study.config)}
    timed = {what: taken for what, taken in every.items() if taken}
    if not timed:
        return None
    size, workers = counted_size(study.config), WORKERS if STEPS[step].has_workers else 1
    expected = sum(estimate(step, Job(size, speed, what, workers)).seconds for what in timed)
    seconds = [taken.seconds for taken in timed.values()]
    memory = [taken.memory_mb for taken in timed.values() if taken.memory_mb is not None]
    times = [_clock(value) for value in (sum(seconds), expected, max(seconds))]
    return [step, str(len(timed)), *times, f"{max(memory):.0f}" if memory else EMPTY]


def _taken(study: ReportedStudy, step: str, what: Cell | str) -> Taken | None:
    """What a task's last job took (None: it was not timed)."""
    path = study.results.benchmark(Task(step, what).step, what)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            *_, last = csv.DictReader(file, dialect="excel-tab")
        return Taken(float(last["s"]), _number(last["max_rss"]))
    except (OSError, ValueError, KeyError):
        run = study.runs.get(what) if step == "train" and isinstance(what, Cell) else None
        return Taken(float(run["wall_seconds"])) if run else None


def _number(text: str) -> float | None:
    """A number of Snakemake's (None: it writes NA, or -, of a job that was too short)."""
    try:
        return float(text)
    except ValueError:
        return None


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
