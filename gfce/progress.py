"""Progress bars: on a terminal only, so that log files stay readable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(
    items: Iterable[T], what: str, total: int | None = None, unit: str = "patient"
) -> Iterable[T]:
    """Pass items through, with a bar on standard error if that is a terminal.

    A bar within another's loop is removed at its end.
    """
    return tqdm(items, what, total, disable=None, unit=unit, leave=None)
