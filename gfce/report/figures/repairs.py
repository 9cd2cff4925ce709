"""Repairs: what each gains against none, and how many patients of one's own equal pooling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from gfce.config import StudyConfig
from gfce.contract.columns import OVERALL
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.files import records
from gfce.report.colours import Look, model_looks
from gfce.report.figure import FigureKind
from gfce.report.reading import read_statistics
from gfce.statistics.design import normalization_title
from gfce.statistics.inference.exchange_curves import TABLE as CURVES
from gfce.statistics.inference.repairs import TABLE as REPAIRS
from gfce.study import Results

FIGURE = FigureKind(
    title="Repairs",
    caption="A file for each tested metric. Above: what each repair gains externally against the "
    "same model without it, with its 95 % interval; right of the line is better. Below, where "
    "models were fine-tuned: external scores against the number of the other hospital's patients, "
    "thin for each single-institution model and thick for their mean, with 95 % bands over "
    "resamples of the patients; level lines are the pooled models. All models are tested on the "
    "same patients. statistics/repairs.csv and exchange_curves.csv have the numbers.",
    reads=("compare",),
    each_network=True,
    section="grid.repairs",
)
WIDTH = 7.0
"""Of a page of a journal, in inches."""
LINE = 0.13
"""Height of a repaired model's line, in inches."""
LEGEND = 0.5
"""Height of the curves' legend, in inches."""
GREYS = ("0.15", "0.5")
STYLES: tuple[Any, ...] = (
    *("-", "--", ":", "-."),
    *((0, (6, 1, 1, 1, 1, 1)), (0, (1, 4)), (0, (9, 4)), (0, (4, 1, 4, 1, 1, 1))),
)
Row = dict[str, Any]


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """Gains and curves, a file for each tested metric."""
    repairs = read_statistics(config, REPAIRS)
    path = Results(config).root / f"{CURVES.name}.csv"
    curves = read_statistics(config, CURVES) if path.exists() else CURVES.frame([])
    looks = model_looks(config)
    for metric in TESTED_METRICS:
        gains, points = (
            records(table[(table["network"] == network) & (table["metric"] == metric.name)])
            for table in (repairs, curves)
        )
        yield metric.name, draw_repairs(gains, points, metric, looks)


def draw_repairs(
    gains: Sequence[Row], points: Sequence[Row], metric: Metric, looks: dict[str, Look]
) -> Figure:
    """The figure of one metric.

    Args:
        gains: rows of repairs.csv.
        points: rows of exchange_curves.csv.
        metric: of both.
        looks: of the models by label.
    """
    names = list(dict.fromkeys(row["normalization"] for row in gains))
    sizes = [len([row for row in gains if row["normalization"] == name]) for name in names]
    heights = [LINE * max(sizes, default=1) + 0.6, *([2.6 + LEGEND] if points else [])]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.4), layout="constrained")
    grid = figure.subplots(len(heights), len(names), squeeze=False, height_ratios=heights)
    for column, name in enumerate(names):
        _draw_gains(grid[0, column], [r for r in gains if r["normalization"] == name], looks)
        grid[0, column].set_title(f"{normalization_title(name)}: gain in external {metric.label}")
        if points:
            own = [row for row in points if row["normalization"] == name]
            _draw_curves(grid[1, column], own, metric, looks)
    return figure


def _draw_gains(axes: Axes, rows: Sequence[Row], looks: dict[str, Look]) -> None:
    """A line for each repaired model, repairs apart by a gap."""
    place, ticks, before = 0.0, {}, None
    for row in sorted(rows, key=lambda row: list(_repairs(rows)).index(row["repair"])):
        place -= 1 if before in (None, row["repair"]) else 2
        before, ticks[place] = row["repair"], row["model"]
        look = looks[row["model"]]
        axes.plot([row["ci95_low"], row["ci95_high"]], [place] * 2, color=look.colour)
        axes.plot([row["gain_pct"]], [place], linestyle="", markersize=4, **look.marks)
    axes.axvline(0, color="0.5", linewidth=0.6)
    axes.set_yticks(list(ticks), list(ticks.values()), fontsize=6)
    axes.set_xlabel("gain (%), right: better")
    axes.spines[["top", "right"]].set_visible(False)


def _repairs(rows: Sequence[Row]) -> dict[str, None]:
    return dict.fromkeys(row["repair"] for row in rows)


def _draw_curves(axes: Axes, rows: Sequence[Row], metric: Metric, looks: dict[str, Look]) -> None:
    """The curves of one normalization, and the pooled models as levels."""
    handles = []
    curves = [row for row in rows if not row["is_pooled"]]
    for model in dict.fromkeys(row["model"] for row in curves):
        own = pd.DataFrame([row for row in curves if row["model"] == model])
        x, mean, low, high = (
            own[name] * factor
            for name, factor in (("patients", 1), *((n, metric.print_factor) for n in _BOUNDED))
        )
        if model == OVERALL:
            axes.fill_between(x, low, high, color="black", alpha=0.15, linewidth=0)
        colour = "black" if model == OVERALL else looks[model].colour
        style: dict[str, Any] = {"color": colour, "linewidth": 2 if model == OVERALL else 0.8}
        axes.plot(x, mean, marker="o", markersize=3, **style)
        name = "mean of these" if model == OVERALL else f"{model}, fine-tuned"
        handles.append(Line2D([], [], label=name, **style))
    for number, row in enumerate(row for row in rows if row["is_pooled"]):
        handles.append(_draw_level(axes, row, metric, number))
    axes.set_xlabel("patients of the other hospital")
    axes.set_ylabel(f"external {metric.title}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    below: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16)}
    axes.legend(handles=handles, frameon=False, fontsize=6, ncols=4, **below)


_BOUNDED = ("external_mean", "ci95_low", "ci95_high")


def _draw_level(axes: Axes, row: Row, metric: Metric, number: int) -> Line2D:
    mean, low, high = (row[name] * metric.print_factor for name in _BOUNDED)
    style: dict[str, Any] = {
        "color": GREYS[number % len(GREYS)],
        "linestyle": STYLES[number % len(STYLES)],
        "linewidth": 1.2,
    }
    axes.axhspan(low, high, color=style["color"], alpha=0.08, linewidth=0)
    axes.axhline(mean, **style)
    return Line2D([], [], label=row["model"], **style)
