"""Looking at a study again and again without reading much of it, and without writing anything.

In full a study is looked at seldom, because that takes a second for each thousand results; in
between only the records of what is due and the logs of what runs are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.steps import Task, tasks
from gfce.study import Cell, cells
from gfce.watching.picture import Snapshot
from gfce.watching.slurm import QueuedJob, queued_jobs
from gfce.watching.status import StudyStatus, status
from gfce.watching.time_left import Pace, training
from gfce.watching.watched import Watched

FULL_SECONDS = 60.0
"""Between two full looks, or 20 times what one took, if that is longer."""
QUEUE_SECONDS = 30.0
"""Between two questions to squeue, which answers everybody on the cluster."""
ANSWERS = (OSError, UserError, ValueError)
"""What a look can end in when a file goes, or is there in half, while it is read."""


@dataclass
class Watcher:
    """What is known of a study between two looks.

    Attributes:
        config: the study.
        clock: seconds since some moment.
        slurm_logs: the executor plugin's log folder (None: that of profiles/slurm).
    """

    config: StudyConfig
    clock: Callable[[], float] = time.monotonic
    slurm_logs: Path | None = None
    _known: Watched | None = None
    _full_at: float = 0.0
    _queue: list[QueuedJob] = field(default_factory=list)
    _queue_at: float = -QUEUE_SECONDS
    _pace: Pace | None = None
    _last: Snapshot | None = None

    def look(self) -> Snapshot:
        """The study as it is now; as it was, if it cannot be read just now.

        Raises:
            OSError, UserError, ValueError: it cannot be read, and has not been before.
        """
        try:
            self._last = self._looked()
        except ANSWERS as error:
            if self._last is None:
                raise
            self._known = None
            self._last = replace(self._last, at=time.time(), problem=f"as it was before: {error}")
        return self._last

    def _looked(self) -> Snapshot:
        known = self._known
        if known is None or self.clock() >= self._full_at or not known.look() or known.is_done:
            known = self._looked_in_full()
        content = status(self.config, self._jobs(), self.slurm_logs, known)
        running = _running(self.config, content)
        due = [task for task in tasks(self.config) if known.reason(task)]
        assert self._pace is not None
        left = self._pace.left(due, running)
        return Snapshot(content, left, self._shares(known, running), time.time())

    def _shares(self, known: Watched, running: list[Task]) -> dict[Cell, float]:
        """How much of its epochs each running training has done."""
        epochs = self.config.training.epochs
        trained = [task.cell for task in running if task.step == "train" and task.cell]
        logs = {cell: known.results.log("train", cell) for cell in trained}
        return {cell: training(log, epochs).share for cell, log in logs.items()}

    def _looked_in_full(self) -> Watched:
        began = self.clock()
        self._known = Watched(self.config)
        self._pace = Pace(self.config)
        self._full_at = self.clock() + max(FULL_SECONDS, 20 * (self.clock() - began))
        return self._known

    def _jobs(self) -> list[QueuedJob]:
        if self.clock() - self._queue_at >= QUEUE_SECONDS:
            self._queue, self._queue_at = queued_jobs(Path.cwd()), self.clock()
        return self._queue


def _running(config: StudyConfig, content: StudyStatus) -> list[Task]:
    """The cells' tasks that run."""
    pairs = zip(cells(config), content.cells, strict=True)
    return [Task(row.step, cell) for cell, row in pairs if row.state == "running"]
