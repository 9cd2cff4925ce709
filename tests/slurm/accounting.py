"""What Slurm's accounting says about a study's jobs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """One run of a job: a requeued job has several."""

    number: str
    rule: str
    wildcards: str
    state: str
    tres: dict[str, str]
    node: str
    start: str
    end: str
    limit_minutes: int

    @property
    def gpus(self) -> int:
        return int(self.tres.get("gres/gpu", "0"))

    @property
    def memory_mb(self) -> float:
        text = self.tres["mem"]
        return float(text[:-1]) * {"M": 1, "G": 1024}[text[-1]]


def jobs_since(start: str, rule: str = "") -> list[Job]:
    """Every run of a job that was submitted since then, in the order of their numbers."""
    fields = "JobIDRaw,Comment,State,AllocTRES,NodeList,Start,End,TimelimitRaw"
    command = ["sacct", "-X", "-P", "-n", "--duplicates", f"--starttime={start}"]
    text = subprocess.check_output([*command, f"--format={fields}"], text=True)
    jobs = [_job(line) for line in text.splitlines()]
    return [job for job in jobs if job.rule == rule or not rule]


def _job(line: str) -> Job:
    number, comment, state, tres, node, start, end, limit = line.split("|")
    rule, _, wildcards = comment.removeprefix("rule_").partition("_wildcards_")
    amounts = dict(part.split("=") for part in tres.split(",") if part)
    return Job(
        number, rule, wildcards, state.split()[0], amounts, node, start, end, int(limit or 0)
    )


def overlap(one: Job, other: Job) -> bool:
    """Whether two jobs ran at the same time."""
    return one.start < other.end and other.start < one.end
