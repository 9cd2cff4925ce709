"""What may be said of a claim, by the interval of an effect that is positive when it holds."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gfce.contract.table import Column

SHOWN = "shown"
NOT_SHOWN = "not shown"
OPPOSITE = "opposite"
UNKNOWN = "unknown"


def verdict_column(meaning: str) -> Column:
    """A column of verdicts."""
    return Column("verdict", "string", meaning, allowed=(SHOWN, NOT_SHOWN, OPPOSITE, UNKNOWN))


def verdict(low: float, high: float) -> str:
    """That of an interval; one that touches 0 shows nothing.

    Args:
        low: the interval's lower bound; NaN: there is no interval.
        high: its upper bound.
    """
    if np.isnan(low) or np.isnan(high):
        return UNKNOWN
    if low > 0:
        return SHOWN
    return OPPOSITE if high < 0 else NOT_SHOWN


def agreed(verdicts: Iterable[str]) -> str:
    """What all of these say; unknown if one is, and nothing is shown if they disagree."""
    said = set(verdicts)
    if UNKNOWN in said:
        return UNKNOWN
    return said.pop() if len(said) == 1 else NOT_SHOWN
