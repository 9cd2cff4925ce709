"""Interval arithmetic encloses whatever the true numbers are."""

from __future__ import annotations

import operator
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfce.evaluation.metrics.mae import METRIC as MAE
from gfce.statistics.arithmetic import drop_pct, implied_value, overall
from gfce.statistics.audit.intervals import UNKNOWN, Interval

printed = st.decimals(-50, 50, places=2, allow_nan=False).map(str)
inside = st.floats(-1, 1)


def within(text: str, share: float) -> float:
    """A number that rounds to the printed one."""
    return float(text) + 0.005 * share


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("25.39", 25.385, 25.395), ("6.5", 6.45, 6.55), ("30", 29.5, 30.5), ("-1.0", -1.05, -0.95)],
)
def test_a_printed_number_stands_for_all_that_round_to_it(
    text: str, low: float, high: float
) -> None:
    interval = Interval.of_printed(text)
    assert (interval.value, interval.low, interval.high) == (float(text), low, high)


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul])
@given(a=printed, b=printed, shares=st.tuples(inside, inside))
def test_operations_enclose_every_result(
    operation: Callable[..., Interval], a: str, b: str, shares: tuple[float, float]
) -> None:
    result = operation(Interval.of_printed(a), Interval.of_printed(b))
    true = float(operation(within(a, shares[0]), within(b, shares[1])))  # type: ignore[arg-type]
    assert result.low - 1e-9 <= true <= result.high + 1e-9
    assert result.value == pytest.approx(operation(float(a), float(b)))


@given(
    numbers=st.tuples(*[st.decimals(1, 90, places=2).map(str)] * 2),
    shares=st.tuples(inside, inside),
)
def test_a_drop_is_enclosed_and_the_bounds_are_reached(
    numbers: tuple[str, str], shares: tuple[float, float]
) -> None:
    internal, external = (Interval.of_printed(text) for text in numbers)
    result = drop_pct(internal, external, MAE)
    true = [within(text, share) for text, share in zip(numbers, shares, strict=True)]
    assert result.low - 1e-9 <= drop_pct(*true, MAE) <= result.high + 1e-9
    assert result.high == pytest.approx(drop_pct(internal.low, external.high, MAE))
    assert result.low == pytest.approx(drop_pct(internal.high, external.low, MAE))


@given(st.lists(st.floats(1, 100), min_size=1, max_size=8))
def test_an_implied_value_restores_the_overall(values: list[float]) -> None:
    assert implied_value(overall(values), values[1:]) == pytest.approx(values[0])


def test_dividing_by_what_may_be_zero_is_unknown() -> None:
    assert not (Interval.of_printed("1.00") / Interval.of_printed("0.00")).known
    assert not (Interval.of_printed("1.00") / UNKNOWN).known


def test_intervals_that_touch_share_a_number() -> None:
    assert Interval(0, 0, 0.1 + 0.2).overlaps(Interval(1, 0.3, 1))
    assert not Interval(0, 0, 0.29).overlaps(Interval(1, 0.3, 1))
