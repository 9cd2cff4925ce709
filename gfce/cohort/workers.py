"""Work on patients in several processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from gfce.errors import UserError
from gfce.progress import progress

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def for_each(
    patients: Mapping[str, Item], work: Callable[[Item], Answer], workers: int, what: str
) -> list[Answer]:
    """The answers for patients, by their ids and in their order; `what` is the bar's title.

    Raises:
        UserError: a process was killed.
    """
    answers: list[Answer] = []
    # No more processes than patients, because a process without work is started too.
    with ProcessPoolExecutor(max(1, min(workers, len(patients)))) as pool:
        try:
            answers.extend(progress(pool.map(work, patients.values()), what, len(patients)))
        except BrokenProcessPool:
            first = list(patients)[len(answers)]
            raise UserError(
                f"{first} or a patient after it: its process was killed, as happens when memory "
                "runs out: give fewer --workers or more memory"
            ) from None
    return answers
