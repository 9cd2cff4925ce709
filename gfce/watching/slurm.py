"""The user's jobs as Slurm lists them, and ending those of a driver that has died."""

from __future__ import annotations

import logging
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

LOGGER = logging.getLogger(__name__)
DEFAULT_CONFIG = Path("config", "config.yaml")
"""The configuration of a driver that was not told any (rules/common.smk)."""

PATIENCE_SECONDS = 180.0
"""How long cancelled jobs may take to save themselves and go (Slurm's KillWait and an epilog)."""


@dataclass(frozen=True)
class QueuedJob:
    """A job in the queue or running.

    Attributes:
        number: Slurm's job id.
        state: such as PENDING or RUNNING.
        folder: where it was submitted: the checkout.
        step: the rule.
        wildcards: its wildcards, joined by `_`: a cell or an institution (empty: none).
        reason: why it waits, or the node it runs on.
    """

    number: str
    state: str
    folder: Path
    step: str
    wildcards: str
    reason: str


def queued_jobs(folder: Path | None = None) -> list[QueuedJob]:
    """The user's jobs that the executor plugin submitted (in `folder`; none without Slurm)."""
    lines = _output("squeue", "--me", "--noheader", "--format=%i|%T|%Z|%R|%k").splitlines()
    jobs = [_job(line) for line in lines if line.count("|") >= 4]
    return [job for job in jobs if job.step and folder in (None, job.folder)]


def _job(line: str) -> QueuedJob:
    number, state, folder, reason, comment = line.split("|", maxsplit=4)
    # The plugin's comment: rule_<rule>_wildcards_<wildcards>.
    rule, _, wildcards = comment.partition("_wildcards_")
    step = rule.removeprefix("rule_") if rule.startswith("rule_") else ""
    return QueuedJob(number, state, Path(folder), step, wildcards, reason.strip("()"))


def cancel_leftovers(config: Path) -> list[str]:
    """End the jobs of this study that an earlier driver in this folder has left, and wait.

    A training saves its state when it is cancelled; the job that follows goes on from there. Two
    jobs of one cell at the same time would write the same files. Call it before anything is
    submitted: Snakemake's lock has made sure that no other driver makes the same files. (One that
    makes other files of the same study, in the same folder, would lose its jobs and retry them.)

    Args:
        config: the study's configuration file, as the driver names it.

    Returns:
        The numbers of the jobs.
    """
    here = Path.cwd()
    leftovers = [job.number for job in queued_jobs(here) if _is_of(job.number, here / config)]
    if leftovers:
        LOGGER.warning("cancelling jobs of an earlier driver: %s", " ".join(leftovers))
        _output("scancel", *leftovers)
        _wait_until_gone(leftovers)
    return leftovers


def _is_of(number: str, config: Path) -> bool:
    """Whether a job's script names this configuration; one that names none is of the default."""
    words = _words(_output("scontrol", "write", "batch_script", number, "-"))
    if "--configfiles" not in words:
        return "snakemake" in words and config == Path.cwd() / DEFAULT_CONFIG
    return Path(words[words.index("--configfiles") + 1]).resolve() == config.resolve()


def _words(script: str) -> list[str]:
    try:
        return shlex.split(script)
    except ValueError:
        return script.split()  # unbalanced quotes


def _wait_until_gone(numbers: list[str]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while set(numbers) & {job.number for job in queued_jobs()}:
        if time.monotonic() > end:
            LOGGER.warning("they are still there after %.0f s: going on", PATIENCE_SECONDS)
            return
        time.sleep(1)


def _output(*command: str) -> str:
    """What a Slurm command prints (nothing: there is no Slurm, or it does not answer)."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, errors="replace"
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout if done.returncode == 0 else ""
