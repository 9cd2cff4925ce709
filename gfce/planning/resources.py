"""Memory and walltime that each step asks a scheduler for.

Functions of the study's configuration and of the attempt alone, so that they can be called while
the Snakefile is parsed. They err on the side of too much; each further attempt asks for that many
times as much, up to the limits of the site. A training that is stopped by its walltime goes on in
the next attempt, so that a study longer than a site's limit is possible.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.estimating.job import Estimate, Job
from gfce.estimating.size import StudySize
from gfce.estimating.speed import assumed_speed
from gfce.steps import STEPS, What

MARGIN = 1.5
"""Walltime asked for against the time expected: shared nodes and file systems vary."""

SHORTEST_MINUTES = 15
"""Shortest walltime: a busy file system takes minutes to import Python's packages."""

SNAKEMAKE_MB = 600
"""The two Snakemakes, one inside the other, that each job begins with."""


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


def resources(
    step: str,
    config: StudyConfig,
    what: What | None = None,
    *,
    workers: int = 1,
    attempt: int = 1,
    limits: Limits | None = None,
) -> Resources:
    """Memory and walltime of a step's job.

    Args:
        step: a step of gfce.
        config: the study.
        what: the cell, the institution or the figure that it is done for.
        workers: worker processes of `simulate`, `index` and `leaks`.
        attempt: 1 for the first, more after failures.
        limits: the site's (None: 256 GB, 24 h).

    Raises:
        UserError: no such step.
    """
    limits = limits or Limits()
    needed = estimate(step, Job(StudySize(config), assumed_speed(config), what, workers))
    minutes = max(SHORTEST_MINUTES, _up(MARGIN * needed.seconds / 60, 5))
    return Resources(
        min(limits.mem_mb, attempt * _up(SNAKEMAKE_MB + needed.memory_mb, 100)),
        min(limits.runtime, attempt * minutes),
    )


def estimate(step: str, job: Job) -> Estimate:
    """What a step's job needs, without a margin.

    Raises:
        UserError: no such step.
    """
    if step not in STEPS:
        raise UserError(f"step {step}: no estimate (known: {', '.join(STEPS)})")
    return STEPS[step].estimate(job)


def _up(value: float, step: int) -> int:
    return math.ceil(value / step) * step
