"""One run of the workflow: which tasks it has to do, and the flags that tell Snakemake.

Results themselves are not declared as outputs, because Snakemake deletes those before a job
starts; a job's output is a flag below records/, in a folder of its own for each run, and only
tasks that are due are asked for (docs/developing.md).
"""

from __future__ import annotations

import logging
import shutil
from functools import cache, cached_property, partial
from pathlib import Path

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.provenance.owner import check_owner, claim, lock
from gfce.provenance.state import NOT_MADE, Provenance
from gfce.steps import STEPS, Task, needs, reads, tasks
from gfce.study import Results

LOGGER = logging.getLogger(__name__)
SHOWN = 20
"""Reasons that a run lists; `gfce status` has all of them."""


class Run:
    """A run of the workflow on a study.

    Args:
        config: the study.
        path: its configuration file.
        is_driver: whether this process decides what is done (a job's own does not).

    Raises:
        UserError: Snakemake cannot name the configuration file, or the results are another study's.
    """

    def __init__(self, config: StudyConfig, path: Path, *, is_driver: bool) -> None:
        self._config, self._path, self._is_driver = config, path, is_driver
        self._folder = Results(config).flags
        numbers = [int(f.name) for f in self._folder.glob("[0-9]*") if f.name.isdigit()]
        self._number = max(numbers, default=0) + is_driver
        self._lock: int | None = None
        self._said: set[str] = set()
        # Asked for each job, of thousands.
        self._flag = cache(self._flag_of)
        self._reads, self._needs = cache(partial(reads, config)), cache(partial(needs, config))
        if is_driver:
            _check_name(path)
            check_owner(config, path)

    def begin(self) -> None:
        """Take the results for this run; called once, before its first job."""
        self._lock = lock(self._config)
        claim(self._config, self._path)
        shutil.rmtree(self._folder, ignore_errors=True)
        (self._folder / str(self._number)).mkdir(parents=True)

    def flag(self, task: Task) -> Path:
        """The file that says that a task has been done in this run."""
        return self._flag(task)

    def _flag_of(self, task: Task) -> Path:
        return self._folder.joinpath(str(self._number), task.step, str(task.what))

    @property
    def is_undecided(self) -> bool:
        """Whether what is due will be known only after the index of a changed dataset.

        A study that has nothing but its cohort needs all of it in any case.
        """
        return self._hangs_on_index and not self.flag(Task("index")).exists()

    @cached_property
    def _hangs_on_index(self) -> bool:
        """As it was when the run began; asked for each job."""
        if not self._is_driver or self._before.reason(Task("index")) is None:
            return False
        later = (task for task in tasks(self._config) if STEPS[task.step].follows_index)
        return any(self._before.record(task) for task in later)

    @property
    def _now(self) -> Provenance:
        return self._after if self.flag(Task("index")).exists() else self._before

    @cached_property
    def _before(self) -> Provenance:
        return Provenance(self._config)

    @cached_property
    def _after(self) -> Provenance:
        """What is known once this run has indexed the cohort."""
        return Provenance(self._config)

    def waits_for(self, task: Task) -> list[Path]:
        """The flags of the tasks that are due and whose results have to fit before a task begins.

        Not of those that another of them reads as well, because it waits for them: of thousands of
        jobs, Snakemake's time goes with the number of their inputs.
        """
        due = self._due_before(task)
        waited_for = {earlier for read in due for earlier in self._reads(read)}
        return [self.flag(read) for read in due if read not in waited_for]

    def _due_before(self, task: Task) -> list[Task]:
        """What is due of what a task reads, and of what is needed by that of it which is not due.

        As `Provenance.require` asks for it: a training set that is gone changes the leak guard and
        no model, but who reads a model demands that the guard has seen it.
        """
        if not self._is_driver:
            return []
        state, seen, found = self._now, set[Task](), list[Task]()
        waiting = list(self._reads(task))
        while waiting:
            read = waiting.pop()
            if read in seen:
                continue
            seen.add(read)
            if state.reason(read):
                found.append(read)
            else:
                waiting += self._needs(read)
        return found

    def flags(self, wanted: list[Task]) -> list[Path]:
        """The flags of those of these tasks that are due."""
        return [self.flag(task) for task in self._due(wanted)]

    def _due(self, wanted: list[Task]) -> list[Task]:
        """Those of these tasks that are due; jobs' own processes do not ask."""
        if not self._is_driver:
            return []
        state = self._now
        return [task for task in wanted if state.reason(task)]

    def fitting(self) -> list[str]:
        """The files of results that are not due, by their paths below the results."""
        if not self._is_driver:
            return []
        state = self._now
        ours = (task for task in tasks(self._config) if not STEPS[task.step].is_of_dataset)
        records = (state.record(task) for task in ours if not state.reason(task))
        return [name for record in records if record for name in record.files]

    def explain(self) -> None:
        """Log why results that exist are made again."""
        state = self._now
        shown = tasks(self._config)
        if self.is_undecided:
            shown = [task for task in shown if not STEPS[task.step].follows_index]
        reasons = [
            f"{task}: {reason}"
            for task in shown
            if (reason := state.reason(task))
            and reason != NOT_MADE
            and not reason.startswith("follows")
        ]
        fresh = [reason for reason in reasons if reason not in self._said]
        self._said.update(fresh)
        for reason in fresh[:SHOWN]:
            LOGGER.warning("due: %s", reason)
        if len(fresh) > SHOWN:
            LOGGER.warning("due: and %d more (`gfce status`)", len(fresh) - SHOWN)


def _check_name(path: Path) -> None:
    """A brace is a wildcard to Snakemake; other paths are checked with the configuration."""
    if set("{}") & set(str(path)) or not str(path).isprintable():
        raise UserError(f"{str(path)!r}: a path with a brace or a line break: rename it")
