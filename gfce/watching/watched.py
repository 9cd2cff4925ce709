"""What is due in a study that is looked at again and again: in full seldom, at records often."""

from __future__ import annotations

from gfce.config import StudyConfig
from gfce.provenance.state import Provenance
from gfce.steps import STEPS, Task, tasks
from gfce.watching.task_state import written


class Watched(Provenance):
    """The state of a study's results, kept up by the records alone.

    What was due is done once its record is written anew. Whatever else may change (the dataset, a
    result that somebody removes) is seen by the next full look: a new object of this class.

    Raises:
        OSError: a file that was there went while it was looked at.
        UserError: as of Provenance.
    """

    def __init__(self, config: StudyConfig) -> None:
        super().__init__(config)
        everything = tasks(config)
        # Before anything is decided: a record that is written meanwhile counts as new.
        times = {task: written(self.record_path(task)) for task in everything}
        self._done: set[Task] = set()
        self._waited_for = {
            task: times[task] for task in everything if super(Watched, self).reason(task)
        }

    def reason(self, task: Task) -> str | None:
        """Why a task is due (None: it is not, or has been done since)."""
        return None if task in self._done else super().reason(task)

    def look(self) -> bool:
        """Look at the records of what is due.

        Returns:
            Whether all that was found holds still: what is due behind a new index is not known.
        """
        new = [task for task, time in self._waited_for.items() if self._is_newer(task, time)]
        for task in new:
            del self._waited_for[task]
        self._done.update(new)
        return not any(task.step == "index" or STEPS[task.step].is_of_dataset for task in new)

    def _is_newer(self, task: Task, time: int | None) -> bool:
        found = written(self.record_path(task))
        return found is not None and found != time

    @property
    def is_done(self) -> bool:
        """Whether nothing is due any more."""
        return not self._waited_for
