"""A matrix of numbers on colours: cells with their values, frames and marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon, Rectangle

GAP = 0.3
"""Between groups of rows or columns, in cells."""
BRIGHT = 0.179
"""Luminance from which on black has more contrast than white, both at 4.6:1 here (WCAG 2.1)."""
HATCH: dict[str, Any] = {"facecolor": "0.95", "edgecolor": "0.6", "hatch": "////", "linewidth": 0.0}
"""How a place without a value looks."""
CORNER = 0.3
"""Size of the mark of a guest, in cells."""


@dataclass(frozen=True)
class Grid:
    """The rows or the columns of a matrix.

    Attributes:
        places: the centre of each by its name, from 0.5 on.
        size: of all with the gaps between groups.
    """

    places: Mapping[str, float]
    size: float

    @classmethod
    def parted(cls, groups: Sequence[Sequence[str]]) -> Grid:
        """Names in groups with gaps between them; empty groups are none."""
        places: dict[str, float] = {}
        edge = 0.0
        for group in filter(None, groups):
            edge += GAP if places else 0.0
            places |= {name: edge + number + 0.5 for number, name in enumerate(group)}
            edge += len(group)
        return cls(places, edge)

    def frame(self, axes: Axes, columns: Grid, row: str, column: str) -> None:
        """Draw a frame within a cell."""
        x, y = columns.places[column] - 0.46, self.places[row] - 0.43
        axes.add_patch(Rectangle((x, y), 0.92, 0.86, fill=False, edgecolor="black", linewidth=1.4))

    def corner(self, axes: Axes, columns: Grid, row: str, column: str) -> None:
        """Mark a cell's upper right corner."""
        x, y = columns.places[column] + 0.5, self.places[row] - 0.5
        corners = [(x - CORNER / 2, y), (x, y), (x, y + CORNER)]
        axes.add_patch(Polygon(corners, facecolor="black", edgecolor="white", linewidth=0.4))


def draw_values(
    axes: Axes,
    rows: Grid,
    columns: Grid,
    values: pd.DataFrame,
    norm: Normalize,
    colours: Colormap,
    decimals: int,
) -> None:
    """Draw all cells: a number on its colour, hatched where there is none.

    Args:
        axes: to draw on.
        rows: whose names are the values' index.
        columns: whose names are their columns.
        values: (row, column), NaN where there is none.
        norm: from values to [0, 1].
        colours: of [0, 1].
        decimals: of the numbers.
    """
    numbers = values.reindex(index=list(rows.places), columns=list(columns.places)).to_numpy(float)
    for y, of_row in zip(rows.places.values(), numbers, strict=True):
        for x, value in zip(columns.places.values(), of_row, strict=True):
            corner = (x - 0.5, y - 0.5)
            if np.isnan(value):
                axes.add_patch(Rectangle(corner, 1, 1, **HATCH))
                continue
            colour = colours(norm(value))
            axes.add_patch(Rectangle(corner, 1, 1, facecolor=colour, edgecolor="none"))
            ink = "black" if luminance(colour) > BRIGHT else "white"
            text = f"{value:.{decimals}f}"
            axes.text(x, y, text, ha="center", va="center_baseline", fontsize=6.5, color=ink)
    axes.set(xlim=(0, columns.size), ylim=(rows.size, 0))
    axes.set_yticks(list(rows.places.values()), list(rows.places), fontsize=7)
    axes.tick_params(length=0, labelbottom=False)
    axes.spines[:].set_visible(False)


def luminance(colour: Sequence[float]) -> float:
    """Relative luminance of an sRGB colour in [0, 1] (WCAG 2.1; IEC 61966-2-1)."""
    rgb = np.asarray(colour[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def head_columns(
    axes: Axes, columns: Grid, labels: Sequence[str], groups: Mapping[str, Sequence[str]]
) -> None:
    """Name the columns below the matrix, and the groups below these.

    Args:
        axes: of the matrix.
        columns: of it.
        labels: of each column, at most two lines.
        groups: the columns' names by the names of their groups.
    """
    inches = axes.get_figure().get_figwidth() / (columns.size + 2)  # type: ignore[union-attr]
    longest = max(len(line) for label in labels for line in label.split("\n"))
    turned = longest * 0.052 > inches
    axes.tick_params(labelbottom=True)
    axes.set_xticks(
        list(columns.places.values()),
        [label.replace("\n", ", ") if turned else label for label in labels],
        fontsize=6.5,
        rotation=35 if turned else 0,
        ha="right" if turned else "center",
        rotation_mode="anchor" if turned else "default",
    )
    for name, members in groups.items():
        if members:
            middle = float(np.mean([columns.places[member] for member in members]))
            axes.text(middle, -0.25, name, ha="center", va="bottom", fontsize=7)


def draw_legend(figure: Figure, *, guests: bool, missing: bool) -> None:
    """Say what frames, corners and hatches mean, as far as there are any."""
    entries: dict[str, Any] = {
        "framed: trained there": Patch(facecolor="none", edgecolor="black", linewidth=1.4)
    }
    if guests:
        shape = [(0, 0), (2, 0), (2, -2)]
        mark = Line2D([], [], linewidth=0, color="black", marker=shape, markersize=11)
        entries["corner: development, not trained there"] = mark
    if missing:
        entries["no value"] = Patch(**HATCH)
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside lower center",
        ncols=3 if figure.get_figwidth() > 6 else 1,
        fontsize=6.5,
        frameon=False,
    )
