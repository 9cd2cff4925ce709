"""How long a study still takes, from what its finished jobs and its running trainings took."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gfce.config import StudyConfig
from gfce.estimating.job import Job
from gfce.estimating.size import counted_size
from gfce.estimating.speed import assumed_speed
from gfce.steps import STEPS, Task, tasks
from gfce.study import Cell, Results
from gfce.watching.logs import last_lines
from gfce.watching.task_state import written

EPOCH = re.compile(r"\bepoch (\d+)\b")
LEFT = re.compile(r"(?:(\d+):)?(\d\d):(\d\d) left$")
"""What gfce.training writes of its progress: the epoch it is in, and the time that is left."""


@dataclass(frozen=True)
class TimeLeft:
    """How long a study still takes.

    Attributes:
        seconds: with as many jobs at once as run now (None: nothing was measured yet).
        at_once: jobs that run now, at least 1.
        unknown: steps that are due and left out, because no job of theirs has been measured.
    """

    seconds: float | None
    at_once: int
    unknown: Sequence[str]


@dataclass(frozen=True)
class Training:
    """How far a running training is.

    Attributes:
        share: of its epochs that are done.
        said: seconds that were left by its own count when it last said so (None: it has not).
        since: seconds since then.
    """

    share: float
    said: float | None
    since: float

    @property
    def left(self) -> float | None:
        """Seconds that are left now (None: it has not said)."""
        return None if self.said is None else max(0.0, self.said - self.since)


def training(log: Path, epochs: int) -> Training:
    """How far a training is, by its log (nothing done: it has not said anything)."""
    share, said = 0.0, None
    for line in last_lines(log):
        if epoch := EPOCH.search(line):
            share = min(1.0, max(0, int(epoch[1]) - 1) / epochs)
        if found := LEFT.search(line):
            hours, minutes, seconds = (int(part or 0) for part in found.groups())
            said = 3600.0 * hours + 60 * minutes + seconds
    since = time.time() - (written(log) or 0) / 1e9
    return Training(share, said, since)


class Pace:
    """What jobs of a study take, against their estimates.

    A step's pace is the median, over its finished jobs, of what a job took by Snakemake's benchmark
    over what it was estimated to take: estimates know that cells differ in size, benchmarks how
    fast this machine is. Where no result of a step is up to date, what former ones took has to do;
    not of trainings, which may have had other epochs.
    """

    def __init__(self, config: StudyConfig) -> None:
        self._results = Results(config)
        self._epochs = config.training.epochs
        self._size, self._speed = counted_size(config), assumed_speed(config)
        self._tasks = tasks(config)
        self._estimates: dict[Task, float] = {}
        self._taken: dict[Task, float] = {}
        self._former: dict[Task, float | None] = {}

    def left(self, due: Iterable[Task], running: Iterable[Task]) -> TimeLeft:
        """How long these tasks take.

        Args:
            due: what is to be done, what runs included.
            running: what runs.
        """
        due, running = list(due), set(running)
        self._read_benchmarks(set(due))
        paces = self._former_paces(due) | self._paces(running)
        unknown = tuple(dict.fromkeys(task.step for task in due if task.step not in paces))
        seconds = {
            task: self._rest(task, paces[task.step], is_running=task in running)
            for task in due
            if task.step in paces
        }
        at_once = max(1, len(running))
        known = bool(seconds) or not due
        return TimeLeft(_wall_seconds(seconds, at_once) if known else None, at_once, unknown)

    def _read_benchmarks(self, due: set[Task]) -> None:
        for task in self._tasks:
            if task not in due and task not in self._taken:
                taken = _benchmark(self._results.benchmark(task.step, task.what))
                if taken is not None:
                    self._taken[task] = taken

    def _former_paces(self, due: Iterable[Task]) -> dict[str, float]:
        ratios: dict[str, list[float]] = {}
        for task in (task for task in due if task.step != "train"):
            if task not in self._former:
                self._former[task] = _benchmark(self._results.benchmark(task.step, task.what))
            if seconds := self._former[task]:
                ratios.setdefault(task.step, []).append(seconds / self._estimate(task))
        return {step: statistics.median(found) for step, found in ratios.items()}

    def _paces(self, running: Iterable[Task]) -> dict[str, float]:
        ratios: dict[str, list[float]] = {}
        for task, seconds in self._taken.items():
            ratios.setdefault(task.step, []).append(seconds / self._estimate(task))
        if "train" not in ratios:
            trainings = [task for task in running if task.step == "train"]
            ratios["train"] = [ratio for task in trainings if (ratio := self._foreseen(task))]
        return {step: statistics.median(found) for step, found in ratios.items() if found}

    def _foreseen(self, task: Task) -> float | None:
        """What a running training will take, over its estimate (None: it says nothing yet)."""
        found = training(self._results.log(task.step, task.what), self._epochs)
        if found.said is None:
            return None
        # It is half-way through an epoch, as far as one can know.
        rest = 1 - min(found.share + 0.5 / self._epochs, 0.999)
        return found.said / rest / self._estimate(task)

    def _rest(self, task: Task, pace: float, *, is_running: bool) -> float:
        whole = pace * self._estimate(task)
        if not is_running:
            return whole
        log = self._results.log(task.step, task.what)
        if task.step == "train" and (left := training(log, self._epochs).left) is not None:
            return left
        return max(0.0, whole - (time.time() - (written(log) or time.time_ns()) / 1e9))

    def _estimate(self, task: Task) -> float:
        if task not in self._estimates:
            job = Job(self._size, self._speed, task.what)
            self._estimates[task] = STEPS[task.step].estimate(job).seconds
        return self._estimates[task]


def _benchmark(path: Path) -> float | None:
    """Seconds of a job by Snakemake's benchmark (None: there is none)."""
    try:
        header, values = path.read_text(encoding="utf-8").splitlines()[:2]
        return float(dict(zip(header.split("\t"), values.split("\t"), strict=False))["s"])
    except (OSError, ValueError, KeyError):
        return None


def _wall_seconds(seconds: dict[Task, float], at_once: int) -> float:
    """The cells and what comes before them share the machine; what is behind them follows."""
    behind = sum(seconds[task] for task in seconds if STEPS[task.step].makes_do_without)
    chains: dict[Cell | None, float] = {}
    for task, value in seconds.items():
        if not STEPS[task.step].makes_do_without:
            chains[task.cell] = chains.get(task.cell, 0.0) + value
    longest = max((value for cell, value in chains.items() if cell), default=0.0)
    return behind + max(longest, sum(chains.values()) / at_once)
