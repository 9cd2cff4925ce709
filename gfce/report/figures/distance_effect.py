"""Whether models are worse at institutions whose intensities are further from their training."""

from __future__ import annotations

import textwrap
from collections.abc import Container, Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gfce.config import StudyConfig
from gfce.contract.columns import OVERALL
from gfce.contract.table import Table
from gfce.evaluation.metrics import metric_named
from gfce.files import records
from gfce.repairs.method import NONE
from gfce.report.colours import MARKERS, model_colours
from gfce.report.figure import FigureKind
from gfce.report.reading import read_statistics
from gfce.statistics.design import normalization_title
from gfce.statistics.inference.distance_effect import TABLE
from gfce.statistics.inference.distance_effect_institutions import TABLE as POINTS
from gfce.statistics.selection import where
from gfce.study import cells, model_label, with_remotes

FIGURE = FigureKind(
    title="Distance and error",
    caption="Mean absolute error (MAE, mean over an institution's patients) of each model at each "
    "institution against the distance of their intensities from the model's training patients: "
    "Wasserstein-1 distance of normalized head intensities over the SD within institutions, mean "
    "of T1w and T2w. A panel for each normalization, a colour and marker for each training set, a "
    "number for each external institution. Small dots: held-out patients of the model's own "
    "institutions, which do not count in Spearman's rho. p: institutions permuted; below it, the "
    "least that so few of them can give. Interval: 95 %, institutions drawn with replacement, from "
    "five on. A distance explains nothing by itself: patients may be harder for other reasons. "
    "statistics/distance_effect.csv and distance_effect_institutions.csv have the numbers.",
    reads=("compare",),
    each_network=True,
)
ERROR = metric_named("mae")
PANEL, ACROSS = 2.4, 3
"""Side of a panel in inches, and the most beside each other."""
MOST_NUMBERED = 8
"""External institutions up to which points have their number."""
Row = dict[str, Any]


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """A panel for each normalization of a network."""
    rows, points = (_read(config, table, network) for table in (TABLE, POINTS))
    yield "", draw_effect(with_remotes(config), rows, points)


def _read(config: StudyConfig, table: Table, network: str | None) -> pd.DataFrame:
    """The rows of a network's models without a repair, whose errors are to be explained."""
    shown = {"network": network, "metric": ERROR.name, "repair": NONE}
    return where(read_statistics(config, table), shown)


def draw_effect(config: StudyConfig, rows: pd.DataFrame, points: pd.DataFrame) -> Figure:
    """The figure of one network.

    Args:
        config: the study, with what was merged into it.
        rows: of distance_effect.csv, of the error.
        points: of distance_effect_institutions.csv, of the error.
    """
    known = points[points["distance"].notna() & points["mean"].notna()]
    numbers = _numbers(config, set(known["institution"]))
    normalizations = [n for n in config.grid.normalizations if n in set(rows["normalization"])]
    across = min(ACROSS, len(normalizations))
    down = -(-len(normalizations) // across)
    size = (max(3.5, PANEL * across), 0.6 + (PANEL + 0.3) * down)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    for axes, normalization in zip(grid.flat, normalizations, strict=False):
        of_panel = {"normalization": normalization}
        _draw_panel(axes, config, where(known, of_panel), numbers)
        [overall] = records(where(rows, {**of_panel, "model": OVERALL}))
        axes.set_title(f"{normalization_title(normalization)}\n{_correlation(overall)}", fontsize=7)
    for axes in grid.flat[len(normalizations) :]:
        axes.set_visible(False)
    figure.supxlabel("distance from the training patients (SD)", fontsize=8)
    figure.supylabel(f"{ERROR.title}, mean of an institution", fontsize=8)
    _draw_legend(figure, config, numbers)
    return figure


def _draw_panel(
    axes: Axes, config: StudyConfig, points: pd.DataFrame, numbers: Mapping[str, str]
) -> None:
    colours, markers = model_colours(config), _markers(config)
    for point in records(points):
        is_external = point["cohort"] == "external"
        axes.plot(
            point["distance"],
            ERROR.print_factor * point["mean"],
            marker=markers[point["training_set"]] if is_external else ".",
            markersize=4.5 if is_external else 3,
            color=colours[point["model"]],
        )
        if is_external and point["institution"] in numbers:
            place = point["distance"], ERROR.print_factor * point["mean"]
            number = numbers[point["institution"]]
            axes.annotate(number, place, (3, 2.5), textcoords="offset points", fontsize=5)
    axes.tick_params(labelsize=6)
    axes.margins(0.08)
    if points.empty:
        axes.set(xticks=[], yticks=[])


def _numbers(config: StudyConfig, shown: Container[str]) -> dict[str, str]:
    """The number of each external institution, as in the figure `distances`; none of many."""
    numbered = enumerate(config.cohort.institutions, 1)
    found = {
        name: f"{number}"
        for number, name in numbered
        if name in config.cohort.external and name in shown
    }
    return found if len(found) <= MOST_NUMBERED else {}


def _markers(config: StudyConfig) -> dict[str, str]:
    """The marker of each training set; they repeat if there are many."""
    return {
        name: MARKERS[place % len(MARKERS)] for place, name in enumerate(config.training_sets())
    }


def _correlation(row: Row) -> str:
    """What the table says of all models of a panel."""
    if pd.isna(row["rho"]):
        return "\n".join(textwrap.wrap(str(row["reason"]), 40))
    interval = (
        "" if pd.isna(row["ci95_low"]) else f" [{row['ci95_low']:.2f}, {row['ci95_high']:.2f}]"
    )
    least = f"{row['n_institutions']} institutions: at least {_p(row['p_least'])}"
    return f"\N{GREEK SMALL LETTER RHO} = {row['rho']:.2f}{interval}, p = {_p(row['p'])}\n({least})"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1g}"


def _draw_legend(figure: Figure, config: StudyConfig, numbers: Mapping[str, str]) -> None:
    colours = model_colours(config)
    of_set = {cell.training_set: colours[model_label(config, cell)] for cell in cells(config)}
    handles = [
        Line2D([], [], color=of_set[name], marker=marker, markersize=4.5, linewidth=0)
        for name, marker in _markers(config).items()
    ]
    handles += [
        Line2D([], [], color="black", marker=f"${number}$", markeredgewidth=0, linewidth=0)
        for number in numbers.values()
    ]
    columns = min(4, round(figure.get_figwidth() / 1.2))
    names = [*of_set, *numbers]
    style: Any = {"loc": "outside upper center", "fontsize": 6.5, "frameon": False}
    figure.legend(handles, names, ncols=columns, **style)
