"""Forest plots: each institution's effect, their mean, and what a new hospital would see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gfce.config import StudyConfig
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.files import records
from gfce.report.colours import palette
from gfce.report.figure import FigureKind
from gfce.report.forest_axis import Span, finish_axis, span_of
from gfce.report.reading import read_statistics
from gfce.statistics.inference.institution_effects import DROP, IMPROVEMENT, NORMALIZATION
from gfce.statistics.inference.next_hospital import TABLE, headline_rows
from gfce.statistics.inference.next_hospital_institutions import TABLE as INSTITUTIONS

FIGURE = FigureKind(
    title="The next hospital",
    caption="A file for each tested metric. Markers and thin lines: the effect at each external "
    "institution with its 95 % interval. Diamond and dark bar: the mean over hospitals (REML) with "
    "its 95 % confidence interval. Light bar: 95 % prediction interval of a new hospital; an arrow "
    "says that it goes on. Drops: positive is worse; improvements and normalizations: positive is "
    "better. statistics/next_hospital.csv and next_hospital_institutions.csv have the numbers.",
    reads=("compare",),
    each_network=True,
)
TITLES = {
    DROP: "drop from home (right: worse)",
    IMPROVEMENT: "gain over uni models (right: better)",
    NORMALIZATION: "gain by normalization (right: better)",
}
MOST_NAMED = 8
"""Institutions that have a colour and a line of their own; more of them are dots on one line."""
WIDTH = 3.5
"""Of a column of a journal, in inches."""
LINE = 0.062
"""Height of an institution's line, in inches."""
MARKERS = "osD^vP*X"
MEAN_COLOUR, NEW_COLOUR, MANY_COLOUR = "black", "0.82", "0.35"
Row = dict[str, Any]


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """Drops, improvements and normalizations, a file for each tested metric."""
    tables = (read_statistics(config, table) for table in (TABLE, INSTITUTIONS))
    pooled, single = (table[table["network"] == network] for table in tables)
    for metric in TESTED_METRICS:
        yield metric.name, draw_forest(pooled, single, metric)


def draw_forest(pooled: pd.DataFrame, single: pd.DataFrame, metric: Metric) -> Figure:
    """The forest plot of one metric.

    Args:
        pooled: rows of next_hospital.csv.
        single: rows of next_hospital_institutions.csv.
        metric: of the effects.
    """
    sections = {effect: headline_rows(pooled, effect, metric) for effect in TITLES}
    sections = {effect: rows for effect, rows in sections.items() if rows}
    institutions = list(dict.fromkeys(single["institution"]))
    heights = [_block_height(institutions) * len(rows) + 0.35 for rows in sections.values()]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.75), layout="constrained")
    if not sections or not institutions:
        figure.text(0.5, 0.5, "no external institution", ha="center")
        return figure
    grid = figure.subplots(len(sections), 1, squeeze=False, height_ratios=heights)[:, 0]
    of_metric = single[single["metric"] == metric.name]
    for axes, (effect, rows) in zip(grid, sections.items(), strict=True):
        chosen = records(of_metric[of_metric["effect"] == effect])
        _draw_section(axes, rows, chosen, institutions)
        axes.set_title(f"{metric.label}: {TITLES[effect]}", fontsize=7)
    _draw_legend(figure, institutions)
    return figure


def _lines(institutions: Sequence[str]) -> int:
    return len(institutions) if len(institutions) <= MOST_NAMED else 2


def _block_height(institutions: Sequence[str]) -> float:
    return LINE * (_lines(institutions) + 3)


def _draw_section(
    axes: Axes, rows: Sequence[Row], single: Sequence[Row], institutions: Sequence[str]
) -> None:
    """All blocks of one effect, from above: institutions' lines, then the mean's."""
    own = {(r["model"], r["reference"], r["institution"]): r for r in single}
    span = span_of(rows, single)
    size = _lines(institutions) + 3
    for number, row in enumerate(rows):
        top = -number * size
        _draw_mean(axes, row, top - size + 2, span)
        found = [
            (place, own[key])
            for place, name in enumerate(institutions)
            if (key := (row["model"], row["reference"], name)) in own
        ]
        _draw_institutions(axes, found, top, len(institutions) > MOST_NAMED)
    axes.set_yticks([-n * size - (size - 2) / 2 for n in range(len(rows))])
    axes.set_yticklabels([_label(row) for row in rows])
    axes.set_ylim(-len(rows) * size + 0.5, 1)
    finish_axis(axes, rows[0], span)


def _label(row: Row) -> str:
    against = f"\nagainst {row['reference']}" if row["effect"] == NORMALIZATION else ""
    return f"{row['model']}{against}"


def _draw_mean(axes: Axes, row: Row, height: float, span: Span) -> None:
    if pd.isna(row["estimate"]):
        axes.text(
            0.5,
            height,
            row["reason"],
            fontsize=5,
            ha="center",
            va="center",
            transform=axes.get_yaxis_transform(),
        )
        return
    low, high = span.clipped(row["pi95_low"], row["pi95_high"])
    axes.plot([low, high], [height] * 2, color=NEW_COLOUR, linewidth=5, solid_capstyle="butt")
    for bound, shown, marker in ((row["pi95_low"], low, "<"), (row["pi95_high"], high, ">")):
        if bound != shown and not pd.isna(bound):
            axes.plot([shown], [height], marker=marker, color="0.55", markersize=5, clip_on=False)
    inner = span.clipped(row["ci95_low"], row["ci95_high"])
    axes.plot(inner, [height] * 2, color=MEAN_COLOUR, linewidth=1.6, solid_capstyle="butt")
    axes.plot([row["estimate"]], [height], marker="D", color=MEAN_COLOUR, markersize=4)


def _draw_institutions(
    axes: Axes, found: Sequence[tuple[int, Row]], top: float, many: bool
) -> None:
    colours = palette(MOST_NAMED)
    for place, row in found:
        if pd.isna(row["estimate"]):
            continue
        if many:
            height = top - (place % 3) / 2
            axes.plot([row["estimate"]], [height], "o", color=MANY_COLOUR, markersize=2)
            continue
        height, colour = top - place, colours[place]
        axes.plot([row["ci95_low"], row["ci95_high"]], [height] * 2, color=colour, linewidth=0.8)
        axes.plot([row["estimate"]], [height], MARKERS[place], color=colour, markersize=3)


def _draw_legend(figure: Figure, institutions: Sequence[str]) -> None:
    many = len(institutions) > MOST_NAMED
    colours = [MANY_COLOUR] if many else palette(MOST_NAMED)
    names = [f"each of {len(institutions)} institutions"] if many else list(institutions)
    handles: list[Any] = [
        Line2D([], [], color=colour, marker=marker, markersize=3, linewidth=0 if many else 0.8)
        for colour, marker, _ in zip(colours, MARKERS, names, strict=False)
    ]
    handles.append(Line2D([], [], color=MEAN_COLOUR, marker="D", markersize=4, linewidth=1.6))
    handles.append(Patch(color=NEW_COLOUR))
    names += ["mean over hospitals", "a new hospital"]
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=6.5, frameon=False)
