"""What causes the drop: each factor's Shapley value at each external institution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from gfce.config import StudyConfig
from gfce.dissection.factors import FACTORS
from gfce.dissection.table import METRIC, TABLE
from gfce.report.colours import COLORBLIND, palette
from gfce.report.figure import FigureKind
from gfce.report.reading import read_statistics
from gfce.statistics.selection import where

FIGURE = FigureKind(
    title="What causes the drop",
    caption="A panel for each model of a single institution, a bar for each external one: Shapley "
    "values of the factors in which the two protocols differ. To the right of 0: by how much the "
    "factor makes the error larger than with the training institution's own; to the left: by how "
    "much smaller. Diamond: their sum, the gap. Seeds are averaged. Of simulated patients alone: "
    "it shows what such a network is sensitive to, not what happens at a real hospital. "
    "statistics/dissection.csv has the numbers and their errors.",
    reads=("dissect",),
    each_network=True,
    section="dissection",
)
WIDTH = 7.16
"""Of a journal's page with two columns, in inches."""
PER_ROW = 3
"""The most panels side by side: training sets of one normalization, where these are no more."""
BAR = 0.19
"""Height of an institution's bar with its distance to the next, in inches."""
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "|||||", "-----", "+++", "oo")
GAP: dict[str, Any] = {
    **{"marker": "d", "markersize": 6, "linewidth": 0},
    **{"color": "black", "markeredgecolor": "white", "markeredgewidth": 0.6},
}
Style = dict[str, Any]
Values = Mapping[str, float]


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """Stacked bars, a panel for each model."""
    table = read_statistics(config, TABLE, "dissect")
    yield "", draw_dissection(where(table, {"network": network}), config.training_sets())


def draw_dissection(table: pd.DataFrame, training_sets: Mapping[str, list[str]]) -> Figure:
    """The panels of one network.

    Args:
        table: rows of dissection.csv.
        training_sets: institutions by the name of the training set.
    """
    models, institutions = (list(table[name].unique()) for name in ("model", "institution"))
    styles = _styles(list(table["factor"][table["shapley"] != 0].unique()))
    columns = min(PER_ROW, table["training_set"].nunique())
    lines = -(-len(models) // columns)
    height = lines * (BAR * len(institutions) + 0.55) + 0.65
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, model in zip(grid, models, strict=False):
        rows = where(table, {"model": model})
        _draw_panel(axes, rows, institutions, styles)
        trained = training_sets[rows["training_set"].iloc[0]][0]
        axes.set_title(f"{model}, trained at {trained}", fontsize=7.5)
    for axes in grid[len(models) :]:
        axes.set_visible(False)
    for axes in grid[max(len(models) - columns, 0) : len(models)]:
        axes.set_xlabel(f"Shapley value, {METRIC.title} (right: worse)", fontsize=7)
    _draw_legend(figure, styles)
    return figure


def _styles(shown: list[str]) -> dict[str, Style]:
    """Colour and hatch of each factor that is somewhere not 0: always the same ones."""
    colours = palette(len(FACTORS), most=len(COLORBLIND))
    looks = zip(FACTORS, colours, HATCHES, strict=True)
    return {
        name: {"facecolor": colour, "hatch": hatch, "edgecolor": "0.15", "linewidth": 0.4}
        for name, colour, hatch in looks
        if name in shown
    }


def _draw_panel(
    axes: Axes, rows: pd.DataFrame, institutions: list[str], styles: Mapping[str, Style]
) -> None:
    """The bars of one model, the first institution above."""
    means = rows.groupby(["institution", "factor"], sort=False)[["shapley", "gap"]].mean()
    means = means * METRIC.print_factor
    for place, institution in enumerate(institutions):
        here = means.loc[[institution]].droplevel("institution")
        values = dict(zip(here.index.tolist(), here["shapley"].tolist(), strict=True))
        _draw_bar(axes, values, place, styles)
        gap = [float(here["gap"].iloc[0])]
        axes.plot(gap, [place], **GAP)
    axes.axvline(0, color="0.2", linewidth=0.7)
    axes.set_yticks(range(len(institutions)), institutions)
    axes.set_ylim(len(institutions) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=7)
    axes.tick_params(axis="x", labelsize=7, labelbottom=True)
    axes.grid(axis="x", color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)


def _draw_bar(axes: Axes, values: Values, place: int, styles: Mapping[str, Style]) -> None:
    """What adds to the error stacked to the right of 0, what lowers it to the left."""
    ends = {True: 0.0, False: 0.0}
    for name, style in styles.items():
        value = values[name]
        axes.barh(place, value, left=ends[value > 0], height=0.66, **style)
        ends[value > 0] += value


def _draw_legend(figure: Figure, styles: Mapping[str, Style]) -> None:
    handles: list[Any] = [Patch(**style) for style in styles.values()]
    handles.append(Line2D([], [], **GAP))
    names = [*(FACTORS[name].title for name in styles), "gap (their sum)"]
    place: dict[str, Any] = {"loc": "outside lower center", "ncols": 5, "frameon": False}
    figure.legend(handles, names, fontsize=7, handleheight=1.1, **place)
