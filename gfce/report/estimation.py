"""Estimation plots: patients as lines between two models, the mean difference below them.

A Cumming plot (Ho et al. 2019, Nature Methods 16:565): differences have an axis of their own, with
their 95 % intervals, and the patients that they are of are all seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from gfce.report.colours import Look
from gfce.report.forest_axis import Span, span_of_intervals

Vector = NDArray[np.float64]
PAIRS, ROWS = 6, 3
"""The most pairs in a row and rows in a file."""
STEP = 1.8
"""From one pair to the next; the two sides of a pair are 1 apart."""
WIDTH = 7.1
"""Of a page of a journal (180 mm), in inches."""
LONGEST = 8
"""Letters of a label from which on labels are turned."""
MANY = 50
"""Patients of a pair from which on lines are thin."""
SEVERAL = {"marker": "o", "color": "0.4", "markerfacecolor": "white"}
"""How the mean of several models is drawn."""
DENSE = 1000
"""Patients from which on their lines are pixels in SVG."""


@dataclass(frozen=True)
class Pair:
    """Two models on the same patients.

    Attributes:
        labels: of the two sides, left and right.
        scores: of the patients, left and right (patient,), as they are printed.
        looks: of the two models (None: of several).
        value: the effect, right against left; NaN: there is none.
        low: the lower bound of its 95 % interval; NaN: there is none.
        high: the upper one.
        title: below the effect, such as how many patients there are.
    """

    labels: tuple[str, str]
    scores: tuple[Vector, Vector]
    looks: tuple[Look | None, Look | None]
    value: float
    low: float
    high: float
    title: str = ""


@dataclass(frozen=True)
class Axis:
    """What the axes are called.

    Attributes:
        score: of the upper axes, with the unit.
        effect: of the lower axes, with the unit.
        above: what an effect above 0 means.
        below: what one below 0 means.
        ratios: whether effects are ratios, and scores on a scale of logarithms.
    """

    score: str
    effect: str
    above: str
    below: str
    ratios: bool = False


Block = tuple[str, Sequence[Pair]]
"""A title, and the pairs below it."""


def pages(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks in rows that are not too long, and these in files that are not too high."""
    rows = [
        (title, pairs[start : start + PAIRS])
        for title, pairs in blocks
        for start in range(0, len(pairs), PAIRS)
    ]
    return [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)]


def draw_pairs(rows: Sequence[Block], axis: Axis) -> Figure:
    """The estimation plots of one file, a row for each block; all rows have the same axes."""
    figure = Figure(figsize=(WIDTH, 2.8 * len(rows)), layout="constrained")
    figure.set_layout_engine("constrained", h_pad=0.06)
    heights = [1.6, 1] * len(rows)
    grid = figure.subplots(2 * len(rows), 1, squeeze=False, height_ratios=heights)[:, 0]
    everyone = [pair for _, pairs in rows for pair in pairs]
    span = span_of_intervals([[pair.value, pair.low, pair.high] for pair in everyone])
    dense = sum(len(pair.scores[0]) for pair in everyone) > DENSE
    right = (max(len(pairs) for _, pairs in rows) - 1) * STEP + 1.4
    for (title, pairs), above, below in zip(rows, grid[::2], grid[1::2], strict=True):
        above.set_title(title, fontsize=8, loc="left", fontweight="bold")
        _draw_patients(above, pairs, axis, dense)
        _draw_effects(below, pairs, axis, span)
        below.plot([-0.4, right], [0, 0], color="0.3", linewidth=0.6, linestyle=":", zorder=0)
    for axes in grid:
        axes.set_xlim(-0.4, right + 0.16 * right)
    _share_limits(grid[::2], np.concatenate([side for pair in everyone for side in pair.scores]))
    return figure


def _share_limits(grid: Iterable[Axes], scores: Vector) -> None:
    """All scores in all axes."""
    if not len(scores):
        return
    for axes in grid:
        axes.update_datalim([(0.0, scores.min()), (0.0, scores.max())])
        axes.autoscale_view(scalex=False)


def _draw_patients(axes: Axes, pairs: Sequence[Pair], axis: Axis, dense: bool) -> None:
    if axis.ratios:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    for place, pair in enumerate(pairs):
        _draw_pair(axes, place * STEP, pair, axis, dense)
    labels = [label for pair in pairs for label in pair.labels]
    turned = max(map(len, labels)) > LONGEST
    axes.set_xticks(
        [place * STEP + side for place in range(len(pairs)) for side in (0, 1)],
        labels,
        fontsize=6.5,
        rotation=30 if turned else 0,
        ha="right" if turned else "center",
        rotation_mode="anchor" if turned else "default",
    )
    _bare(axes, axis.score)


def _draw_pair(axes: Axes, x: float, pair: Pair, axis: Axis, dense: bool) -> None:
    """The patients of a pair as lines, and their means."""
    ends = np.stack(pair.scores, axis=1)
    if not len(ends):
        axes.text(x + 0.5, 0.5, "no value", **_note(axes))
        return
    lines = LineCollection(
        [[(x, left), (x + 1, right)] for left, right in ends],
        colors="0.72",
        linewidths=0.6 if len(ends) <= MANY else 0.25,
        rasterized=dense,
    )
    axes.add_collection(lines)
    for side, (scores, look) in enumerate(zip(pair.scores, pair.looks, strict=True)):
        marks = look.marks if look else SEVERAL
        size = 3 if len(ends) <= MANY else 1.8
        style: Any = {"linewidth": 0, "markersize": size, "markeredgewidth": 0.6} | marks
        axes.plot([x + side] * len(scores), scores, rasterized=dense, **style)
    means = [_mean(scores, axis.ratios) for scores in pair.scores]
    axes.plot([x, x + 1], means, color="black", linewidth=1.2, marker="_", markersize=9)


def _mean(scores: Vector, ratios: bool) -> float:
    """The mean whose difference is the effect: of ratios the geometric one."""
    return float(np.exp(np.log(scores).mean()) if ratios else scores.mean())


def _draw_effects(axes: Axes, pairs: Sequence[Pair], axis: Axis, span: Span) -> None:
    for place, pair in enumerate(pairs):
        _draw_effect(axes, place * STEP + 0.5, pair, span)
    margin = 0.06 * (span.high - span.low) or 1.0
    axes.set_ylim(span.low - margin, span.high + margin)
    places = [place * STEP + 0.5 for place in range(len(pairs))]
    axes.set_xticks(places, [pair.title for pair in pairs], fontsize=6.5)
    _bare(axes, axis.effect)
    for height, words in ((1, f"↑ {axis.above}"), (0, f"↓ {axis.below}")):
        side = "top" if height else "bottom"
        axes.text(1, height, words, transform=axes.transAxes, fontsize=6.5, ha="right", va=side)


def _draw_effect(axes: Axes, x: float, pair: Pair, span: Span) -> None:
    if math.isnan(pair.value):
        axes.text(x, 0.5, "no value", **_note(axes))
        return
    axes.plot([x], [pair.value], "o", color="black", markersize=4)
    if math.isnan(pair.low):
        axes.text(x + 0.1, pair.value, "no interval", va="center", fontsize=6, color="0.35")
        return
    low, high = span.clipped(pair.low, pair.high)
    axes.plot([x, x], [low, high], color="black", linewidth=1.4, solid_capstyle="butt")
    for bound, shown, marker in ((pair.low, low, "v"), (pair.high, high, "^")):
        if bound != shown:
            axes.plot([x], [shown], marker, color="black", markersize=4, clip_on=False)


def _bare(axes: Axes, name: str) -> None:
    axes.set_ylabel(name, fontsize=7)
    axes.tick_params(axis="y", labelsize=6.5)
    axes.tick_params(axis="x", length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _note(axes: Axes) -> dict[str, Any]:
    transform = axes.get_xaxis_transform()
    return {"transform": transform, "ha": "center", "va": "bottom", "fontsize": 6, "color": "0.35"}
