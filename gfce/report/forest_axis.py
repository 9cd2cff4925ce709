"""The axis of effects in a forest plot: log ratios with ticks in percent, or differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from gfce.statistics.inference.institution_effects import DROP
from gfce.statistics.inference.scales import LOG_RATIO

Row = dict[str, Any]
WIDEST = 0.5
"""How far beyond the institutions and the means the axis goes, as a share of their range."""
UNUSUAL = 4
"""From how many times the median width on an interval may be cut off."""
PERCENTS = (0, 100, -50, 50, 300, 25, -25, 10, -10, 200, -75, 900, 5, -5)
"""Ticks of drops, those to be kept first; gains have them with the other sign."""
NARROWEST = 0.17
"""Least distance of ticks, as a share of the axis."""


@dataclass(frozen=True)
class Span:
    """The part of the axis that is shown."""

    low: float
    high: float

    def clipped(self, low: float, high: float) -> tuple[float, float]:
        """An interval as far as it is shown."""
        return max(low, self.low), min(high, self.high)


def span_of(rows: Sequence[Row], single: Sequence[Row]) -> Span:
    """0, all institutions and means; prediction intervals not much further than these.

    Args:
        rows: of next_hospital.csv.
        single: of next_hospital_institutions.csv.
    """
    near = [r[n] for r in (*rows, *single) for n in ("estimate", "ci95_low", "ci95_high")]
    return _span([0.0, *near], [row[name] for row in rows for name in ("pi95_low", "pi95_high")])


def span_of_intervals(intervals: ArrayLike) -> Span:
    """0, all values and usual intervals; unusually wide ones not much further than these.

    Args:
        intervals: value, lower and upper bound, NaN where there is none (interval, 3).
    """
    rows = np.asarray(intervals, float).reshape(-1, 3)
    values, bounds = rows[:, 0], rows[:, 1:]
    widths = bounds[:, 1] - bounds[:, 0]
    known = np.isfinite(widths)
    usual = known & (widths <= UNUSUAL * np.median(widths[known])) if known.any() else known
    return _span([0.0, *values, *bounds[usual].ravel()], list(bounds.ravel()))


def _span(near: Sequence[float], far: Sequence[float]) -> Span:
    """All that is near, and what is far not much further."""
    low, high = float(np.nanmin(near)), float(np.nanmax(near))
    room = WIDEST * ((high - low) or 1.0)
    return Span(
        max(low - room, float(np.nanmin([low, *far]))),
        min(high + room, float(np.nanmax([high, *far]))),
    )


def finish_axis(axes: Axes, row: Row, span: Span) -> None:
    """Limits, ticks in the reported unit, a line at 0.

    Args:
        axes: of the plot.
        row: any row of it, which says the scale.
        span: what is shown.
    """
    margin = 0.03 * (span.high - span.low)
    axes.set_xlim(span.low - margin, span.high + margin)
    axes.axvline(0, color="0.3", linewidth=0.6, linestyle=":", zorder=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=6.5)
    axes.tick_params(axis="x", labelsize=6.5)
    if row["scale"] == LOG_RATIO.name:
        ticks = _percent_ticks(row["effect"] == DROP, span)
        axes.set_xticks(
            [place for place, _ in ticks],
            [f"{percent} %".replace("-", "−") for _, percent in ticks],
        )
    elif row["reported_unit"] != "1":
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(f"{{x:g}} {row['reported_unit']}")


def _percent_ticks(is_drop: bool, span: Span) -> list[tuple[float, int]]:
    """Places and percentages that the span has, none too near to another."""
    chosen: list[tuple[float, int]] = []
    for percent in PERCENTS if is_drop else [-percent for percent in PERCENTS]:
        place = float(np.log1p(percent / 100) if is_drop else -np.log1p(-percent / 100))
        room = NARROWEST * (span.high - span.low)
        if span.low <= place <= span.high and all(abs(place - p) >= room for p, _ in chosen):
            chosen.append((place, percent))
    return sorted(chosen)
