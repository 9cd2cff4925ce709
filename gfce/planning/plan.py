"""`gfce plan`: what a study will cost, before anything is submitted."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.estimating.job import Job
from gfce.estimating.size import StudySize, counted_size
from gfce.estimating.speed import Speed, assumed_speed, measured_speed
from gfce.planning.disk import disk_bytes
from gfce.planning.expected_intervals import ExpectedInterval, expected_intervals
from gfce.planning.pilot import ASSUMED_CORRELATION
from gfce.planning.power import (
    ExpectedHospitals,
    ExpectedPower,
    expected_hospitals,
    expected_power,
)
from gfce.planning.resources import estimate
from gfce.steps import STEPS, Task, What, reads, tasks
from gfce.steps.selections import begun_with
from gfce.study import Cell, Results, cells

WORKERS = 16
"""Threads of steps that share their patients among processes (rules/cohort.smk)."""

JOB_SECONDS = 30.0
"""What a job costs besides its work: submission, start of Snakemake and Python, polling. Assumed;
the plugin polls each half minute; Slurm's tests, with quick polling, take 5 s a job."""
GPU_STEPS = ("train", "predict")


@dataclass(frozen=True)
class Taken:
    """What finished trainings took, and what was planned for them, in GPU-hours."""

    trainings: int
    hours: float
    planned_hours: float


@dataclass(frozen=True)
class Plan:
    """What a study costs.

    Attributes:
        study: its name.
        gpus: GPUs that the wall time is for.
        speed: where the time of a training step is from.
        step_seconds: longest time of a training step.
        jobs: number of jobs by step; some of seconds run where Snakemake runs.
        assumptions: what these numbers rest on that is not known of this study or this machine.
        gpu_hours: of all trainings and predictions.
        cpu_hours: core-hours of all jobs.
        wall_hours: the longest path when nothing waits for anything but a GPU.
        disk_bytes: by folder of the results.
        expected_intervals: of each institution's mean.
        expected_power: of comparisons of two models on the same patients.
        expected_hospitals: what a further hospital's mean may be.
        taken: trainings that are finished (None: none is).
    """

    study: str
    gpus: int
    speed: str
    step_seconds: float
    jobs: dict[str, int]
    assumptions: list[str]
    gpu_hours: float
    cpu_hours: float
    wall_hours: float
    disk_bytes: dict[str, int]
    expected_intervals: list[ExpectedInterval]
    expected_power: list[ExpectedPower]
    expected_hospitals: ExpectedHospitals
    taken: Taken | None


def plan(
    config: StudyConfig,
    gpus: int = 1,
    speed: Speed | None = None,
    half_widths: Mapping[str, float] | None = None,
) -> Plan:
    """The plan of a study.

    Args:
        config: the study.
        gpus: GPUs that may be used at the same time.
        speed: a measured speed (None: that of finished trainings, or else an assumed one).
        half_widths: of a further hospital's prediction interval, by metric: how many hospitals
            give them.

    Raises:
        UserError: fewer than one GPU, a half-width of a metric that is not planned or not above 0.
    """
    if gpus < 1:
        raise UserError(f"--gpus {gpus}: give at least 1")
    size = counted_size(config)
    runs = [Results(config).run(cell) for cell in cells(config)]
    speed = speed or measured_speed(runs) or assumed_speed(config)
    costs = _Costs(size, speed)
    power = expected_power(size)
    step_seconds = max(speed.step_seconds(size, cell) for cell in cells(config))
    return Plan(
        study=config.study,
        gpus=gpus,
        speed=speed.source,
        step_seconds=step_seconds,
        jobs=dict(Counter(task.step for task in tasks(config))),
        assumptions=_assumptions(size, speed, step_seconds, power),
        gpu_hours=sum(costs.gpu_seconds(cell) for cell in cells(config)) / 3600,
        cpu_hours=costs.core_seconds() / 3600,
        wall_hours=costs.wall_seconds(gpus) / 3600,
        disk_bytes=disk_bytes(size),
        expected_intervals=expected_intervals(size),
        expected_power=power,
        expected_hospitals=expected_hospitals(size, half_widths or {}),
        taken=_taken(config, costs),
    )


def _assumptions(
    size: StudySize, speed: Speed, step_seconds: float, power: list[ExpectedPower]
) -> list[str]:
    lines = size.assumptions()
    if speed.is_assumed:
        lines.append(f"{step_seconds:.3g} s of a training step ({speed.source})")
    if any(row.source == "assumed" for row in power):
        lines.append(
            f"a correlation of {ASSUMED_CORRELATION} between two models' scores of a patient"
        )
    return lines


@dataclass(frozen=True)
class _Costs:
    """Seconds of a study's tasks, the start of their jobs included."""

    size: StudySize
    speed: Speed
    _seconds: dict[Task, float] = field(default_factory=dict)

    def seconds(self, task: Task) -> float:
        if task not in self._seconds:
            workers = WORKERS if STEPS[task.step].has_workers else 1
            job = Job(self.size, self.speed, task.what, workers)
            self._seconds[task] = JOB_SECONDS + estimate(task.step, job).seconds
        return self._seconds[task]

    def of_step(self, step: str) -> list[float]:
        config = self.size.config
        return [self.seconds(Task(step, what)) for what in STEPS[step].scope.every(config)]

    def gpu_seconds(self, cell: Cell) -> float:
        return sum(self.seconds(Task(step, cell)) for step in GPU_STEPS)

    def core_seconds(self) -> float:
        threads = self.size.config.training.threads
        found = 0.0
        for task in tasks(self.size.config):
            cores = threads if task.step in GPU_STEPS else 1
            cores = WORKERS if STEPS[task.step].has_workers else cores
            found += cores * self.seconds(task)
        return found

    def wall_seconds(self, gpus: int) -> float:
        """Cohort, images, then cells on `gpus` GPUs, the longest first, then what is behind."""
        cohort = [
            seconds for step in ("simulate", "index", "leaks") for seconds in self.of_step(step)
        ]
        scores = max(self.of_step("evaluate"))
        statistics = sum(self.of_step("tabulate") + self.of_step("compare"))
        last = sum(self.of_step("report") + self.of_step("pack"))
        behind = scores + max(statistics, *self._figures(statistics)) + last
        return sum(cohort) + max(self.of_step("preprocess")) + self._on_gpus(gpus) + behind

    def _figures(self, statistics: float) -> list[float]:
        """When each figure is drawn: those of statistics wait for them."""
        config = self.size.config
        drawn = [Task("figures", what) for what in STEPS["figures"].scope.every(config)]
        waiting = {
            task for task in drawn if any(read.step == "compare" for read in reads(config, task))
        }
        return [self.seconds(task) + statistics * (task in waiting) for task in drawn]

    def _on_gpus(self, gpus: int) -> float:
        """Cells that begin with the model of another one come behind those that do not."""
        free, config = [0.0] * gpus, self.size.config
        trained: dict[What, float] = {}
        longest = sorted(cells(config), key=self.gpu_seconds, reverse=True)
        for cell in sorted(longest, key=lambda cell: bool(begun_with(config, cell))):
            waited_for = [trained[other] for other in begun_with(config, cell)]
            start = max([heapq.heappop(free), *waited_for])
            trained[cell] = start + self.seconds(Task("train", cell))
            heapq.heappush(free, start + self.gpu_seconds(cell))
        return max(free)


def _taken(config: StudyConfig, costs: _Costs) -> Taken | None:
    results = Results(config)
    seconds = {cell: _wall_seconds(results.run(cell)) for cell in cells(config)}
    finished = {cell: value for cell, value in seconds.items() if value is not None}
    if not finished:
        return None
    planned = sum(costs.seconds(Task("train", cell)) for cell in finished)
    return Taken(len(finished), sum(finished.values()) / 3600, planned / 3600)


def _wall_seconds(run: Path) -> float | None:
    try:
        return float(json.loads(run.read_text(encoding="utf-8"))["wall_seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
