"""A job as its estimate sees it, and what an estimate is."""

from __future__ import annotations

from dataclasses import dataclass

from gfce.errors import UserError
from gfce.estimating.size import StudySize
from gfce.estimating.speed import Speed
from gfce.study import Cell


@dataclass(frozen=True)
class Estimate:
    """What a job needs: memory in MB (10**6 bytes) and seconds, both without a margin."""

    memory_mb: float
    seconds: float


@dataclass(frozen=True)
class Job:
    """What an estimate depends on.

    Attributes:
        size: the study's.
        speed: of a training step.
        what: the cell, the institution or the figure that the job is for (None: not said).
        workers: processes that share the patients.
    """

    size: StudySize
    speed: Speed
    what: Cell | str | None = None
    workers: int = 1

    @property
    def cell(self) -> Cell:
        """The cell that the job is for.

        Raises:
            UserError: it is not said.
        """
        if not isinstance(self.what, Cell):
            raise UserError("train, predict and evaluate are estimated for a cell: name one")
        return self.what

    @property
    def institution_patients(self) -> int:
        """Patients of the institution that the job is for (of all, if it is not said)."""
        name = self.what if self.what in self.size.config.cohort.institutions else None
        return self.size.patients(str(name)) if name else self.size.all_patients
