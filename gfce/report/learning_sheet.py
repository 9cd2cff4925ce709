"""The learning curves of all cells of a grid on one sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from gfce.config import StudyConfig
from gfce.images.normalizations import NORMALIZATIONS
from gfce.report.colours import Colour, model_colours
from gfce.study import Cell, model_label

MOST_NETWORKS, MOST_NORMALIZATIONS = 4, 6
"""That can be read on a page, below and beside each other."""
MOST_NAMED = 12
"""Training sets that the legend names."""
WIDTH, ROW, HEAD = 7.2, 1.05, 0.35
"""Of a page, of a row of panels, and what titles and legend take, in inches."""
THIN, THICK = 0.5, 0.8
"""Lines of several seeds and of one."""
STEPS = ((1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8))
FEWEST_MARKS = 3
"""What is marked of each decade, and how many marks an axis has at least."""
L1, GENERATOR, DISCRIMINATOR = "loss_l1", "loss_adversarial", "loss_discriminator"
Histories = Mapping[Cell, pd.DataFrame]


@dataclass(frozen=True)
class Row:
    """A row of panels: a network and its losses, each with its style of line."""

    network: str
    losses: Mapping[str, str]


def draw_sheet(config: StudyConfig, histories: Histories) -> Figure:
    """Panels for the losses of each network (rows) and normalization (columns).

    Args:
        config: the study.
        histories: the rows of each cell's history.csv.
    """
    networks = list(config.grid.networks)[:MOST_NETWORKS]
    normalizations = config.grid.normalizations[:MOST_NORMALIZATIONS]
    rows = [row for network in networks for row in _rows(network, histories)]
    figure = Figure(figsize=(WIDTH, HEAD + ROW * len(rows) + 0.5), layout="constrained")
    grid = figure.subplots(len(rows), len(normalizations), squeeze=False, sharex=True)
    colours = model_colours(config)
    looks = {cell: colours[model_label(config, cell)] for cell in histories}
    for row, line in zip(rows, grid, strict=True):
        for normalization, axes in zip(normalizations, line, strict=True):
            shown = {
                cell: history
                for cell, history in histories.items()
                if (cell.network, cell.normalization) == (row.network, normalization)
            }
            _draw_losses(axes, shown, row, looks, THIN if len(config.grid.seeds) > 1 else THICK)
        line[0].set_ylabel(_label(config, row), fontsize=6.5)
    for normalization, axes in zip(normalizations, grid[0], strict=True):
        axes.set_title(NORMALIZATIONS[normalization].title, fontsize=7)
    _share_scales(rows, grid)
    for axes in grid[-1]:
        axes.set_xlabel("epoch", fontsize=6.5, labelpad=1)
    figure.suptitle(_left_out(config), fontsize=6.5)
    _draw_legend(figure, config, looks, rows)
    return figure


def _rows(network: str, histories: Histories) -> list[Row]:
    """L1, and the adversarial losses of a network that has a discriminator."""
    own = [history for cell, history in histories.items() if cell.network == network]
    rows = [Row(network, {L1: "-"})]
    if any(history[DISCRIMINATOR].any() for history in own):
        rows.append(Row(network, {GENERATOR: "-", DISCRIMINATOR: "--"}))
    return rows


def _label(config: StudyConfig, row: Row) -> str:
    loss = "L1 loss" if L1 in row.losses else "adversarial loss"
    return f"{row.network}\n{loss}"


def _draw_losses(
    axes: Axes, shown: Histories, row: Row, looks: Mapping[Cell, Colour], width: float
) -> None:
    for cell, history in shown.items():
        for loss, style in row.losses.items():
            axes.plot(
                history["epoch"],
                history[loss].where(history[loss] > 0),
                color=looks[cell],
                linestyle=style,
                linewidth=width,
                marker="." if len(history) <= 2 else "",
                markersize=3,
            )
    falls = _falling_from(shown)
    if falls is not None:
        axes.axvline(falls, color="0.6", linewidth=0.6, linestyle=":", zorder=0)
    axes.set_yscale("log")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=6, length=2, pad=1.5)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))


def _falling_from(shown: Histories) -> int | None:
    """The last epoch with the full learning rate."""
    for history in shown.values():
        full = history["learning_rate"] == history["learning_rate"].max()
        return None if full.all() else int(history["epoch"][full].max())
    return None


def _share_scales(rows: Sequence[Row], grid: NDArray[np.object_]) -> None:
    """One scale for all L1 losses of a normalization, which have one unit; one for all others."""
    of_l1 = np.array([L1 in row.losses for row in rows])
    for column in range(grid.shape[1]):
        _share_scale(list(grid[of_l1, column]))
    others = grid[~of_l1]
    _share_scale(list(others.ravel()))
    for axes in others[:, 1:].ravel():
        axes.tick_params(labelleft=False)


def _share_scale(group: Sequence[Axes]) -> None:
    limits = [axes.get_ylim() for axes in group]
    for axes in group:
        low, high = min(low for low, _ in limits), max(high for _, high in limits)
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(FixedLocator(marks(low, high)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def marks(low: float, high: float) -> list[float]:
    """Round numbers on a logarithmic scale, at least three if they are round enough."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in STEPS:
        found = [float(f"{step}e{decade}") for decade in decades for step in steps]
        found = [mark for mark in found if low <= mark <= high]
        if len(found) >= FEWEST_MARKS:
            break
    return found


def _left_out(config: StudyConfig) -> str:
    names = [
        *list(config.grid.networks)[MOST_NETWORKS:],
        *config.grid.normalizations[MOST_NORMALIZATIONS:],
    ]
    return f"not shown: {', '.join(names)}" if names else ""


def _draw_legend(
    figure: Figure, config: StudyConfig, looks: Mapping[Cell, Colour], rows: Sequence[Row]
) -> None:
    colours = {cell.training_set: colour for cell, colour in looks.items()}
    named = list(colours)[:MOST_NAMED]
    handles = [Line2D([], [], color=colours[name], linewidth=1) for name in named]
    if len(colours) > len(named):
        named.append(f"and {len(colours) - len(named)} more")
        handles.append(Line2D([], [], linewidth=0))
    if any(GENERATOR in row.losses for row in rows):
        named += ["generator, L1", "discriminator"]
        handles += [Line2D([], [], color="0.3", linewidth=1, linestyle=s) for s in ("-", "--")]
    figure.legend(
        handles,
        named,
        loc="outside lower center",
        ncols=min(6, len(named)),
        fontsize=6.5,
        frameon=False,
    )
