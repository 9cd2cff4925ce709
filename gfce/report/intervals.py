"""Dots with intervals, one row each, such as percentages or ranks."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from gfce.report.colours import Look
from gfce.report.forest_axis import Span

LINE = 0.17
"""Height of a row, in inches."""
LETTERS = 80
"""Of a reason, as far as there is room for it."""


@dataclass(frozen=True)
class Dot:
    """A row.

    Attributes:
        label: on the left.
        value: NaN where there is none.
        low: lower bound of its interval, NaN where there is none.
        high: upper bound.
        look: of the model (None: of no single one).
        printed: a value to set beside it (None: there is none).
        reason: why there is no value or no interval.
        first: whether a group of rows begins.
    """

    label: str
    value: float
    low: float
    high: float
    look: Look | None = None
    printed: float | None = None
    reason: str = ""
    first: bool = False


def draw_dots(axes: Axes, dots: Sequence[Dot], span: Span) -> None:
    """Draw rows from above, those without a value with the reason.

    Args:
        axes: of the plot.
        dots: the rows.
        span: what is shown of the axis; intervals that go on have an arrow.
    """
    places: list[float] = []
    for dot in dots:
        gap = 0.6 if dot.first and places else 0.0
        places.append((places[-1] if places else 0.0) + 1 + gap)
    for dot, y in zip(dots, places, strict=True):
        _draw_dot(axes, dot, y, span)
    margin = 0.04 * (span.high - span.low) or 1.0
    axes.set_xlim(span.low - margin, span.high + margin)
    axes.set_ylim(places[-1] + 0.7, 0.3)
    axes.set_yticks(places, [dot.label for dot in dots], fontsize=6.5)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=6.5)
    axes.spines[["top", "right", "left"]].set_visible(False)


def height(dots: Sequence[Dot]) -> float:
    """How high the axes of these rows are, in inches."""
    return LINE * (len(dots) + 0.6 * sum(dot.first for dot in dots) + 1)


def _draw_dot(axes: Axes, dot: Dot, y: float, span: Span) -> None:
    if dot.printed is not None:
        axes.plot([dot.printed], [y + 0.32], "x", color="0.25", markersize=4, markeredgewidth=0.9)
    if math.isnan(dot.value):
        text = textwrap.shorten(f"no value: {dot.reason}", LETTERS, placeholder=" …")
        style: dict[str, Any] = {
            "transform": axes.get_yaxis_transform(),
            "fontsize": 5.5,
            "color": "0.35",
        }
        axes.text(0.02, y, text, va="center", **style)
        return
    colour = dot.look.colour if dot.look else "black"
    low, high = span.clipped(dot.low, dot.high)
    axes.plot([low, high], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
    for bound, shown, marker in ((dot.low, low, "<"), (dot.high, high, ">")):
        if bound != shown and not math.isnan(bound):
            axes.plot([shown], [y], marker, color=colour, markersize=4, clip_on=False)
    marks = dot.look.marks if dot.look else {"marker": "D", "color": "black"}
    axes.plot([dot.value], [y], linewidth=0, markersize=4, clip_on=False, **marks)
    if math.isnan(dot.low):
        axes.text(dot.value, y - 0.3, "no interval", ha="center", va="bottom", fontsize=5)
