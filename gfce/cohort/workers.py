"""Work on patients in several processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

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
    with processes(max(1, min(workers, len(patients)))) as pool:
        try:
            answers.extend(progress(pool.map(work, patients.values()), what, len(patients)))
        except BrokenProcessPool:
            first = list(patients)[len(answers)]
            raise UserError(
                f"{first} or a patient after it: its process was killed, as happens when memory "
                "runs out: give fewer --workers or more memory"
            ) from None
    return answers


def processes(
    workers: int, begin: Callable[..., object] | None = None, *arguments: Any
) -> ProcessPoolExecutor:
    """As many processes, of one thread each.

    Linear algebra would start as many threads in each of them as there are cores, or as the rule of
    the workflow has: they wait for each other, and two processes simulate half as fast.

    Args:
        workers: how many.
        begin: called first in each of them, with the arguments.
        arguments: handed over once to each process.
    """
    return ProcessPoolExecutor(workers, initializer=_begin, initargs=(begin, *arguments))


def _begin(begin: Callable[..., object] | None, *arguments: Any) -> None:
    threadpool_limits(1)
    if begin:
        begin(*arguments)
