"""Memory and walltime that each step asks a scheduler for.

Functions of the study's configuration and of the attempt alone, so that they can be called while
the Snakefile is parsed. They err on the side of too much; each further attempt asks for that many
times as much, up to the limits of the site. A training that is stopped by its walltime goes on in
the next attempt, so that a study longer than a site's limit is possible.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.planning.networks import weights_bytes
from gfce.planning.size import StudySize
from gfce.planning.speed import Speed, assumed_speed
from gfce.study import Cell

MARGIN = 1.5
"""Walltime asked for against the time expected: shared nodes and file systems vary."""

SHORTEST_MINUTES = 15
"""Shortest walltime: a busy file system takes minutes to import Python's packages."""

SNAKEMAKE_MB = 600
"""The two Snakemakes, one inside the other, that each job begins with."""

PYTHON_MB = 1000
"""Python with NumPy, pandas, SimpleITK and Matplotlib."""

TORCH_MB = {"cpu": 1000, "gpu": 4000}
"""Python with torch; a CUDA context and its libraries are counted as the host's memory too."""

COPIES = 3
"""Copies of the training slices while they are read, normalized and moved to the device."""


@dataclass(frozen=True)
class Resources:
    """What a job asks for: memory in MB (10**6 bytes), walltime in minutes."""

    mem_mb: int
    runtime: int


@dataclass(frozen=True)
class Limits:
    """The most that a job may ask for: memory in MB, walltime in minutes."""

    mem_mb: int = 256_000
    runtime: int = 1440


@dataclass(frozen=True)
class _Job:
    """What an estimate depends on."""

    size: StudySize
    cell: Cell | None
    institution: str | None
    threads: int
    speed: Speed


def resources(
    step: str,
    config: StudyConfig,
    cell: Cell | None = None,
    *,
    institution: str | None = None,
    threads: int = 1,
    attempt: int = 1,
    limits: Limits | None = None,
) -> Resources:
    """Memory and walltime of a step's job.

    Args:
        step: a subcommand of gfce, or `baselines`.
        config: the study.
        cell: the cell of `train`, `predict` and `evaluate`.
        institution: the institution of `preprocess`.
        threads: worker processes of `simulate`, `index` and `leaks`.
        attempt: 1 for the first, more after failures.
        limits: the site's (None: 256 GB, 24 h).

    Raises:
        UserError: no such step.
    """
    limits = limits or Limits()
    size, speed = StudySize(config), assumed_speed(config)
    mem_mb, seconds = _estimate(step, _Job(size, cell, institution, threads, speed))
    minutes = max(SHORTEST_MINUTES, _up(MARGIN * seconds / 60, 5))
    return Resources(
        min(limits.mem_mb, attempt * _up(SNAKEMAKE_MB + mem_mb, 100)),
        min(limits.runtime, attempt * minutes),
    )


def expected_seconds(
    step: str,
    size: StudySize,
    speed: Speed,
    cell: Cell | None = None,
    *,
    institution: str | None = None,
    threads: int = 1,
) -> float:
    """Seconds that a step is expected to take, without a margin (arguments as `resources`)."""
    return _estimate(step, _Job(size, cell, institution, threads, speed))[1]


def _estimate(step: str, job: _Job) -> tuple[float, float]:
    """Memory in MB and seconds."""
    if step not in _ESTIMATES:
        raise UserError(f"step {step}: no estimate (known: {', '.join(_ESTIMATES)})")
    return _ESTIMATES[step](job)


def _up(value: float, step: int) -> int:
    return math.ceil(value / step) * step


def _simulate(job: _Job) -> tuple[float, float]:
    each = 30.0 / _coarsening(job) ** 2 * job.size.slices
    return PYTHON_MB + 800 * job.threads, 120 + job.size.all_patients * each / job.threads


def _coarsening(job: _Job) -> float:
    simulation = job.size.config.simulation
    return simulation.coarsening if simulation else 1.0


def _index(job: _Job) -> tuple[float, float]:
    # Each volume is read once: for its checksum, its geometry and its plausibility.
    return PYTHON_MB + 500 * job.threads, 120 + job.size.all_patients * 10 / job.threads


def _leaks(job: _Job) -> tuple[float, float]:
    # Each volume is read once; likely pairs are aligned.
    return PYTHON_MB + 500 * job.threads, 120 + job.size.all_patients * 10 / job.threads


def _preprocess(job: _Job) -> tuple[float, float]:
    patients = job.size.patients(job.institution) if job.institution else job.size.all_patients
    return PYTHON_MB + 1000 + 20 * _volume_mb(job), 120 + patients * 30


def _train(job: _Job) -> tuple[float, float]:
    size, cell = job.size, _need_cell(job)
    device = "cpu" if size.config.training.device == "cpu" else "gpu"
    slices_mb = size.training_slices(cell) * size.pixels * 4 * 3 / 1e6
    memory = TORCH_MB[device] + COPIES * slices_mb + _weights_mb(job)
    if device == "cpu":
        memory += activations_mb(size, cell)
    return memory, job.speed.train_seconds(size, cell)


def _predict(job: _Job) -> tuple[float, float]:
    size, cell = job.size, _need_cell(job)
    device = "cpu" if size.config.training.device == "cpu" else "gpu"
    memory = TORCH_MB[device] + 20 * _volume_mb(job) + _weights_mb(job)
    if device == "cpu":
        memory += activations_mb(size, cell)
    return memory, job.speed.predict_seconds(size, cell)


def activations_mb(size: StudySize, cell: Cell) -> float:
    """Memory of one step on its device, in MB, from the matrix, the width and the batch.

    Fitted on a CPU (matrix 128 x 112 and 256 x 224, width 8 to 64, batch 1 and 4, with 30 % to
    spare): feature maps, and the attention's square matrix of a sixteenth of the pixels.
    """
    training = size.config.training
    maps = 4e-4 * size.pixels * size.config.network(cell.network).width
    attention = 2.5 * (size.pixels / 16) ** 2 * 4 / 1e6
    return training.batch_size * (maps + attention) * 0.5 ** (training.precision == "bfloat16")


def _weights_mb(job: _Job) -> float:
    """Weights, gradients, Adam's two moments, and the checkpoint while it is written."""
    return 8 * weights_bytes(job.size.config, _need_cell(job)) / 1e6


def _evaluate(job: _Job) -> tuple[float, float]:
    patients = job.size.test_patients(_need_cell(job))
    return PYTHON_MB + 500 + 40 * _volume_mb(job), 60 + patients * _score_seconds(job)


def _baselines(job: _Job) -> tuple[float, float]:
    # Two predictors, each scored as a model is, in both normalizations.
    seconds = 120 + 4 * job.size.all_patients * _score_seconds(job)
    return PYTHON_MB + 500 + 40 * _volume_mb(job), seconds


def _score_seconds(job: _Job) -> float:
    return 1 + 2e-6 * job.size.pixels * job.size.slices


def _figures(job: _Job) -> tuple[float, float]:
    return PYTHON_MB + 2000 + 40 * _volume_mb(job), 300 + job.size.all_patients * 2


def _statistics(job: _Job) -> tuple[float, float]:
    return PYTHON_MB + 1000, 600


def _volume_mb(job: _Job) -> float:
    """One resampled volume, float32."""
    return job.size.pixels * job.size.slices * 4 / 1e6


def _need_cell(job: _Job) -> Cell:
    if job.cell is None:
        raise UserError("train, predict and evaluate are estimated for a cell: name one")
    return job.cell


_ESTIMATES: dict[str, Callable[[_Job], tuple[float, float]]] = {
    "simulate": _simulate,
    "index": _index,
    "leaks": _leaks,
    "preprocess": _preprocess,
    "train": _train,
    "predict": _predict,
    "evaluate": _evaluate,
    "baselines": _baselines,
    "tabulate": _statistics,
    "compare": _statistics,
    "figures": _figures,
}
