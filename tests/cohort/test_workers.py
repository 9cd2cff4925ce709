"""Several processes share the cores, they do not each take all of them."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from gfce.cohort.workers import for_each, processes


def threads(size: int) -> list[int]:
    """Of each library of linear algebra, in a process that has used it."""
    _ = np.ones((size, size)) @ np.ones((size, size))
    return [library["num_threads"] for library in threadpool_info()]


def add(number: int) -> None:
    added.append(number)


added: list[int] = []


def total() -> int:
    return sum(added)


def test_a_process_has_one_thread_whatever_this_one_has() -> None:
    with threadpool_limits(2):
        if not any(number == 2 for number in threads(8)):
            pytest.skip("the libraries here have no threads")
        assert (
            for_each({"sub-1": 300, "sub-2": 300}, threads, 2, "count")
            == [[1] * len(threads(8))] * 2
        )
        assert any(number == 2 for number in threads(8))


def test_each_process_begins_with_what_it_is_handed() -> None:
    with processes(2, add, 7) as pool:
        assert [pool.submit(total).result() for _ in range(4)] == [7] * 4
    assert added == []
