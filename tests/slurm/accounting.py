"""What Slurm's accounting says about a study's jobs."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from gfce.study import Cell


@dataclass(frozen=True)
class Job:
    """One run of a job: a requeued job has several."""

    number: str
    rule: str
    wildcards: str
    state: str
    tres: dict[str, str]
    node: str
    submit: str
    start: str
    end: str
    limit_minutes: int

    @property
    def gpus(self) -> int:
        return int(self.tres.get("gres/gpu", "0"))

    def is_of(self, cell: Cell) -> bool:
        """Whether it is a cell's: its wildcards are the cell's name with other separators."""
        mine, its = (re.sub(r"[\W_]", "", text) for text in (self.wildcards, str(cell)))
        return mine == its

    @property
    def memory_mb(self) -> float:
        text = self.tres["mem"]
        return float(text[:-1]) * {"M": 1, "G": 1024}[text[-1]]


def jobs_since(start: str, rule: str = "") -> list[Job]:
    """Every run of a job that was submitted since then, in the order of their numbers."""
    fields = "JobIDRaw,Comment,State,AllocTRES,NodeList,Submit,Start,End,TimelimitRaw"
    command = ["sacct", "-X", "-P", "-n", "--duplicates", f"--starttime={start}"]
    # Accounting learns what a job is called when it ends; the queue knows until then.
    comments = dict(line.split("|") for line in _lines("squeue", "-h", "--format=%A|%k"))
    lines = _lines(*command, f"--format={fields}")
    comments |= {line.split("|")[0]: text for line in lines if (text := line.split("|")[1])}
    jobs = [_job(line, comments) for line in lines]
    return [job for job in jobs if job.rule == rule or not rule]


def _lines(*command: str) -> list[str]:
    return subprocess.check_output(command, text=True).splitlines()


def _job(line: str, comments: dict[str, str]) -> Job:
    number, _, state, tres, node, submit, start, end, limit = line.split("|")
    rule, _, wildcards = comments.get(number, "").removeprefix("rule_").partition("_wildcards_")
    amounts = dict(part.split("=") for part in tres.split(",") if part)
    return Job(
        number,
        rule,
        wildcards,
        state.split()[0],
        amounts,
        node,
        submit,
        start,
        end,
        int(limit) if limit.isdigit() else 0,  # else: no limit of its own
    )


def overlap(one: Job, other: Job) -> bool:
    """Whether two jobs ran at the same time."""
    return one.start < other.end and other.start < one.end
