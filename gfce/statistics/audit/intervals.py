"""Interval arithmetic: all numbers that a printed one may have been before it was rounded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

TOLERANCE = 1e-9
"""Share of a bound that floating-point arithmetic may be off by."""


@dataclass(frozen=True)
class Interval:
    """A number and the closed interval that the true one lies in.

    The operators enclose every result that the numbers of their intervals can have (Moore 1966).
    An expression in which each interval stands once gives the narrowest enclosure.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of_printed(cls, text: str) -> Interval:
        """A printed number: half a unit of its last place either way. No text: unknown."""
        if not text:
            return UNKNOWN
        number = Decimal(text)
        half = Decimal(5).scaleb(int(number.as_tuple().exponent) - 1)
        return cls(float(number), float(number - half), float(number + half))

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return not math.isnan(self.value)

    def __add__(self, other: Interval | float) -> Interval:
        other = _interval(other)
        return Interval(self.value + other.value, self.low + other.low, self.high + other.high)

    def __neg__(self) -> Interval:
        return Interval(-self.value, -self.high, -self.low)

    def __sub__(self, other: Interval | float) -> Interval:
        return self + -_interval(other)

    def __mul__(self, other: Interval | float) -> Interval:
        other = _interval(other)
        corners = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(self.value * other.value, min(corners), max(corners))

    def __truediv__(self, other: Interval | float) -> Interval:
        other = _interval(other)
        if not (other.low > 0 or other.high < 0):
            return UNKNOWN
        return self * Interval(1 / other.value, 1 / other.high, 1 / other.low)

    __radd__ = __add__
    __rmul__ = __mul__

    def overlaps(self, other: Interval) -> bool:
        """Whether a number lies in both."""
        slack = TOLERANCE * max(abs(self.low), abs(self.high), abs(other.low), abs(other.high))
        return self.low <= other.high + slack and other.low <= self.high + slack


UNKNOWN = Interval(math.nan, math.nan, math.nan)


def _interval(value: Interval | float) -> Interval:
    return value if isinstance(value, Interval) else Interval(value, value, value)
