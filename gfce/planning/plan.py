"""`gfce plan`: what a study will cost, before anything is submitted."""

from __future__ import annotations

import heapq
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.planning.disk import disk_bytes
from gfce.planning.precision import Precision, precisions
from gfce.planning.resources import expected_seconds
from gfce.planning.size import StudySize, counted_size
from gfce.planning.speed import Speed, assumed_speed, measured_speed
from gfce.study import Cell, Results, cells, figure_names

WORKERS = 16
"""Threads of `simulate`, `index` and `leaks` (rules/cohort.smk)."""

JOB_SECONDS = 30.0
"""What each job costs besides its work: submission, start of Snakemake and Python, polling."""


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
        jobs: number of jobs by rule; `tabulate` and `compare` run where Snakemake runs.
        gpu_hours: of all trainings and predictions.
        cpu_hours: core-hours of all jobs.
        wall_hours: the longest path when nothing waits for anything but a GPU.
        disk_bytes: by folder of the results.
        precision: of each institution's mean.
        taken: trainings that are finished (None: none is).
    """

    study: str
    gpus: int
    speed: str
    step_seconds: float
    jobs: dict[str, int]
    gpu_hours: float
    cpu_hours: float
    wall_hours: float
    disk_bytes: dict[str, int]
    precision: list[Precision]
    taken: Taken | None


def plan(config: StudyConfig, gpus: int = 1, speed: Speed | None = None) -> Plan:
    """The plan of a study.

    Args:
        config: the study.
        gpus: GPUs that may be used at the same time.
        speed: a measured speed (None: that of finished trainings, or else an assumed one).

    Raises:
        UserError: fewer than one GPU.
    """
    if gpus < 1:
        raise UserError(f"--gpus {gpus}: give at least 1")
    size = counted_size(config)
    runs = [Results(config).model(cell) / "run.json" for cell in cells(config)]
    speed = speed or measured_speed(runs) or assumed_speed(config)
    costs = _Costs(size, speed)
    return Plan(
        study=config.study,
        gpus=gpus,
        speed=speed.source,
        step_seconds=max(speed.step_seconds(size, cell) for cell in cells(config)),
        jobs=job_counts(config),
        gpu_hours=sum(costs.gpu_seconds(cell) for cell in cells(config)) / 3600,
        cpu_hours=costs.core_seconds() / 3600,
        wall_hours=costs.wall_seconds(gpus) / 3600,
        disk_bytes=disk_bytes(size),
        precision=precisions(size),
        taken=_taken(config, costs),
    )


def job_counts(config: StudyConfig) -> dict[str, int]:
    """Number of jobs by rule, when nothing is done yet."""
    institutions = [*config.cohort.development, *config.cohort.external]
    each_cell = dict.fromkeys(("train", "predict", "evaluate"), len(cells(config)))
    return {
        **({"simulate": 1} if config.simulation else {}),
        "index": 1,
        "leaks": 1,
        "preprocess": len(institutions),
        **each_cell,
        **dict.fromkeys(("baselines", "tabulate", "compare"), 1),
        **dict.fromkeys(("heterogeneity_figure", "learning_curves"), 1),
        "synthesis_figure": len(config.grid.networks),
    }


@dataclass(frozen=True)
class _Costs:
    """Seconds of a study's steps."""

    size: StudySize
    speed: Speed

    def _of(self, step: str, cell: Cell | None = None, institution: str | None = None) -> float:
        return JOB_SECONDS + expected_seconds(
            step,
            self.size,
            self.speed,
            cell,
            institution=institution,
            threads=WORKERS if step in ("simulate", "index", "leaks") else 1,
        )

    def gpu_seconds(self, cell: Cell) -> float:
        return self._of("train", cell) + self._of("predict", cell)

    def train_seconds(self, cell: Cell) -> float:
        return self._of("train", cell)

    def _cohort(self) -> list[float]:
        steps = [*(["simulate"] if self.size.config.simulation else []), "index", "leaks"]
        return [self._of(step) for step in steps]

    def _images(self) -> list[float]:
        cohort = self.size.config.cohort
        names = (*cohort.development, *cohort.external)
        return [self._of("preprocess", institution=name) for name in names]

    def core_seconds(self) -> float:
        config = self.size.config
        figures = len(figure_names(config)) * self._of("figures")
        evaluation = sum(self._of("evaluate", cell) for cell in cells(config))
        gpu = config.training.threads * sum(self.gpu_seconds(cell) for cell in cells(config))
        alone = evaluation + figures + self._of("baselines") + sum(self._images())
        return WORKERS * sum(self._cohort()) + gpu + alone

    def wall_seconds(self, gpus: int) -> float:
        """Cohort, images, then cells on `gpus` GPUs, the longest first, then what is behind."""
        grid = cells(self.size.config)
        free = [0.0] * gpus
        for seconds in sorted((self.gpu_seconds(cell) for cell in grid), reverse=True):
            heapq.heappush(free, heapq.heappop(free) + seconds)
        last = max(self._of("evaluate", cell) for cell in grid)
        behind = last + max(self._of("figures"), self._of("tabulate") + self._of("compare"))
        return sum(self._cohort()) + max(self._images()) + max(free) + behind


def _taken(config: StudyConfig, costs: _Costs) -> Taken | None:
    results = Results(config)
    seconds = {cell: _wall_seconds(results.model(cell) / "run.json") for cell in cells(config)}
    finished = {cell: value for cell, value in seconds.items() if value is not None}
    if not finished:
        return None
    planned = sum(costs.train_seconds(cell) for cell in finished)
    return Taken(len(finished), sum(finished.values()) / 3600, planned / 3600)


def _wall_seconds(run: Path) -> float | None:
    try:
        return float(json.loads(run.read_text(encoding="utf-8"))["wall_seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def plan_json(content: Plan) -> str:
    """A plan for programs: the attributes of Plan."""
    return json.dumps(asdict(content), indent=2) + "\n"


def plan_text(content: Plan) -> str:
    """A plan for people."""
    jobs = [f"  {rule:<22}{count:>7}" for rule, count in content.jobs.items()]
    disk = [f"  {name:<22}{_size(amount):>10}" for name, amount in content.disk_bytes.items()]
    lines = [
        f"Study {content.study}",
        "",
        "Jobs",
        *jobs,
        f"  {'in all':<22}{sum(content.jobs.values()):>7}",
        "",
        f"Time (training step {content.step_seconds:.3g} s, {content.speed})",
        f"  GPU-hours             {content.gpu_hours:>10.1f}",
        f"  CPU core-hours        {content.cpu_hours:>10.1f}",
        f"  hours on {content.gpus:>3} GPU(s)   {content.wall_hours:>10.1f}",
        *_taken_lines(content.taken),
        "",
        "Disk",
        *disk,
        f"  {'in all':<22}{_size(sum(content.disk_bytes.values())):>10}",
        "",
        "Expected 95 % confidence interval of an institution's mean",
        f"  {'institution':<22}{'patients':>9}{'MAE +-':>10}{'PSNR +-':>12}  SD from",
        *(_precision_line(row) for row in content.precision),
    ]
    return "\n".join(lines) + "\n"


def _taken_lines(taken: Taken | None) -> list[str]:
    if taken is None:
        return []
    return [
        f"  {taken.trainings} finished trainings took {taken.hours:.2f} GPU-hours; "
        f"{taken.planned_hours:.2f} are planned for them"
    ]


def _precision_line(row: Precision) -> str:
    if row.mae is None or row.psnr_db is None:
        return f"  {row.institution:<22}{row.patients:>9}{'none':>10}{'none':>12}  too few patients"
    psnr = f"{row.psnr_db:.2f} dB"
    return f"  {row.institution:<22}{row.patients:>9}{row.mae:>10.4f}{psnr:>12}  {row.source}"


def _size(amount: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"
