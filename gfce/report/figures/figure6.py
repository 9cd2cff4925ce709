"""Figure 6: drops, improvements and ranks with their intervals."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gfce.config import StudyConfig
from gfce.contract.columns import OVERALL
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import PRINTED_METRICS, metric_named
from gfce.files import records
from gfce.report.colours import Look, model_looks
from gfce.report.figure import FigureKind
from gfce.report.forest_axis import Span, span_of_intervals
from gfce.report.intervals import Dot, draw_dots, height
from gfce.report.printed import Printed, printed_drops, printed_improvements
from gfce.report.reading import read_statistics
from gfce.statistics.design import normalization_title
from gfce.statistics.inference import drops, improvements, rank_agreement, ranks
from gfce.study import GROUP_KEYS, with_remotes

FIGURE = FigureKind(
    title="Drops, improvements and ranks",
    caption="Files changes_<metric>: the drops of table 5 (with those of pooled models) and the "
    "improvements of table 4 with 95 % intervals; diamonds are the Overall rows; an arrow says "
    "that an interval goes on. Crosses, in studies of the paper's design: what tables IV and V of "
    "W. Li et al. (2024) print of their patients; such a design has the labels, normalizations and "
    "numbers of institutions of the paper's MMgSN-Net models, not its patients. ranks: the rank of "
    "each model on the external patients with the 95 % interval that the tests of all pairs leave "
    "open (rank 1: best). rank_agreement: Kendall's tau-b of the rankings by two metrics (1: the "
    "same order, -1: reversed) with the 2.5th and 97.5th percentile of resampled patients, which "
    "is no confidence interval.",
    reads=("compare",),
)
WIDTH = 5.0
"""Of the changes and of the agreement, in inches; of each metric's ranks half as much."""
MOST_TICKS = 8
"""The most ranks that are written at an axis, the first aside."""
Looks = Mapping[str, Look]
Row = dict[str, Any]


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """Drops and improvements of each printed metric, ranks, and how far metrics agree on them."""
    joined, looks = with_remotes(config), model_looks(config)
    lost, gained = (read_statistics(config, m.TABLE) for m in (drops, improvements))
    printed = printed_drops(joined), printed_improvements(joined)
    for metric in PRINTED_METRICS:
        sections = [
            _dots(lost, "drop_pct", metric, looks, printed[0]),
            _dots(gained, "improvement_pct", metric, looks, printed[1]),
        ]
        yield f"changes_{metric.name}", draw_changes(metric, *sections)
    yield "ranks", draw_ranks(read_statistics(config, ranks.TABLE), looks)
    yield "rank_agreement", draw_agreement(read_statistics(config, rank_agreement.TABLE))


def _dots(
    table: pd.DataFrame, column: str, metric: Metric, looks: Looks, printed: Printed
) -> list[Dot]:
    """Rows of drops.csv or improvements.csv in the order of the printed tables."""
    chosen = table[table["metric"] == metric.name]
    several = len(set(chosen["network"])) > 1
    dots = []
    for _, group in chosen.groupby(list(GROUP_KEYS), sort=False):
        for number, row in enumerate(records(group)):
            first = number == 0 and len(group) > 1
            dot = _dot(row, column, looks)
            place = (row["network"], row["normalization"], row["model"], metric.name)
            label = _overall(row, several) if row["model"] == OVERALL else dot.label
            dots.append(replace(dot, label=label, printed=printed.get(place), first=first))
    return dots


def _overall(row: Row, several: bool) -> str:
    """What an Overall row is called, of one of several networks."""
    names = [OVERALL, normalization_title(row["normalization"])]
    return ", ".join([*names, row["network"]] if several else names)


def _dot(row: Row, column: str, looks: Looks) -> Dot:
    value, low, high = (float(row[name]) for name in (column, "ci95_low", "ci95_high"))
    return Dot(row["model"], value, low, high, looks.get(row["model"]), reason=_reason(row))


def _reason(row: Row) -> str:
    return "" if pd.isna(row["reason"]) else str(row["reason"])


def draw_changes(metric: Metric, lost: Sequence[Dot], gained: Sequence[Dot]) -> Figure:
    """Drops above improvements, in percent.

    Args:
        metric: of both.
        lost: drops; positive: worse outside.
        gained: improvements; positive: better.
    """
    named = {
        f"{metric.label}: drop from internal to external (%), worse outside →": lost,
        f"{metric.label}: gain outside of pooled over single-institution training (%), better →": (
            gained
        ),
    }
    shown = {name: dots for name, dots in named.items() if dots}
    if absent := _none(lost):
        return _said(absent)
    heights = [height(dots) for dots in shown.values()]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.55 * len(shown) + 0.3), layout="constrained")
    grid = figure.subplots(len(shown), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (name, dots) in zip(grid, shown.items(), strict=True):
        known = [[dot.value, dot.low, dot.high] for dot in dots]
        beside = [[dot.printed] * 3 for dot in dots if dot.printed is not None]
        draw_dots(axes, dots, span_of_intervals([*known, *beside]))
        axes.axvline(0, color="0.3", linewidth=0.6, linestyle=":", zorder=0)
        axes.set_xlabel(name, fontsize=7)
    _draw_legend(figure, any(dot.printed is not None for dots in shown.values() for dot in dots))
    return figure


def _none(dots: Sequence[Dot]) -> str:
    """Why no row has a value (empty: some have)."""
    if any(not math.isnan(dot.value) for dot in dots):
        return ""
    return f"no value: {next((dot.reason for dot in dots), 'no model')}"


def _said(text: str) -> Figure:
    figure = Figure(figsize=(WIDTH, 0.5))
    figure.text(0.5, 0.5, textwrap.fill(text, 80), ha="center", va="center")
    return figure


def _draw_legend(figure: Figure, beside: bool) -> None:
    """Say whose the crosses are, where there are any."""
    if beside:
        cross = Line2D([], [], marker="x", color="0.25", linewidth=0, markersize=4.5)
        names = ["printed by W. Li et al. (2024), of other patients"]
        figure.legend([cross], names, loc="outside lower center", fontsize=6.5, frameon=False)


def draw_ranks(table: pd.DataFrame, looks: Looks) -> Figure:
    """A panel for each printed metric, models by their rank."""
    found = {metric: records(table[table["metric"] == metric.name]) for metric in PRINTED_METRICS}
    panels = {m: [_dot(row, "rank", looks) for row in rows] for m, rows in found.items()}
    if absent := _none([dot for dots in panels.values() for dot in dots]):
        return _said(absent)
    most = max(map(len, panels.values()))
    step = math.ceil(most / MOST_TICKS)
    size = (WIDTH / 2 * len(panels), max(map(height, panels.values())) + 0.6)
    figure = Figure(figsize=size, layout="constrained")
    for axes, (metric, dots) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        draw_dots(axes, dots, Span(1, max(most, 2)))
        axes.set_xticks(sorted({1, *range(step, most + 1, step)}))
        axes.set_title(metric.label, fontsize=8)
        axes.set_xlabel("rank on external patients; ← better", fontsize=7)
    return figure


def draw_agreement(table: pd.DataFrame) -> Figure:
    """How alike each two metrics rank the models."""
    dots = [_agreement(row) for row in records(table)]
    if absent := _none(dots):
        return _said(absent)
    figure = Figure(figsize=(WIDTH, height(dots) + 0.5), layout="constrained")
    axes: Axes = figure.subplots()
    draw_dots(axes, dots, Span(-1, 1))
    axes.axvline(0, color="0.3", linewidth=0.6, linestyle=":", zorder=0)
    axes.set_xlabel("Kendall's tau-b of the two rankings; same order →", fontsize=7)
    return figure


def _agreement(row: Row) -> Dot:
    label = " and ".join(metric_named(row[name]).label for name in ("metric_a", "metric_b"))
    tau, low, high = (float(row[name]) for name in ("tau", "bootstrap_low", "bootstrap_high"))
    return Dot(label, tau, low, high, reason=_reason(row))
