"""What may be said of an interval, at the borders of the rule."""

from __future__ import annotations

import numpy as np
import pytest

from gfce.statistics.inference.verdicts import NOT_SHOWN, OPPOSITE, SHOWN, UNKNOWN, agreed, verdict

TINY = np.nextafter(0, 1)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (TINY, 1.0, SHOWN),
        (0.0, 1.0, NOT_SHOWN),
        (-TINY, 1.0, NOT_SHOWN),
        (-1.0, TINY, NOT_SHOWN),
        (-1.0, 0.0, NOT_SHOWN),
        (-1.0, -TINY, OPPOSITE),
        (np.nan, 1.0, UNKNOWN),
        (1.0, np.nan, UNKNOWN),
    ],
)
def test_borders(low: float, high: float, expected: str) -> None:
    assert verdict(low, high) == expected


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((SHOWN, SHOWN), SHOWN),
        ((OPPOSITE, OPPOSITE), OPPOSITE),
        ((SHOWN, NOT_SHOWN), NOT_SHOWN),
        ((SHOWN, OPPOSITE), NOT_SHOWN),
        ((SHOWN, UNKNOWN), UNKNOWN),
    ],
)
def test_both_scales_have_to_agree(verdicts: tuple[str, str], expected: str) -> None:
    assert agreed(verdicts) == expected
