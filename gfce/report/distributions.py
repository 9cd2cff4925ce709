"""The scores of all patients, by institution and model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from gfce.config import StudyConfig
from gfce.evaluation.metric import Metric
from gfce.report.colours import Look
from gfce.report.estimation import WIDTH, Vector
from gfce.report.matrix import HATCH
from gfce.statistics.design import Model
from gfce.statistics.tables.aggregate import Scores

ACROSS = 48
"""Models that fit side by side, over all panels of a row."""
MOST = 4
"""The most panels in a row."""
BOX = 5
"""Patients from which on quartiles are drawn."""
FEW = 20
"""Patients of an institution up to which points are large."""
DENSE = 3000
"""Points from which on they are pixels in SVG."""
SPREAD = 0.6
"""How wide the points of a model are spread."""
SHADE = "0.91"
GOLDEN = (math.sqrt(5) - 1) / 2


def draw_patients(
    config: StudyConfig,
    models: Sequence[Model],
    scores: Scores,
    metric: Metric,
    looks: Mapping[str, Look],
) -> Figure:
    """A panel for each institution, all with the same axis.

    Args:
        config: the study, with what was merged into it.
        models: side by side, in this order.
        scores: of the patients.
        metric: of the scores.
        looks: of the models by their labels.
    """
    names = config.cohort.institutions
    columns = max(1, min(MOST, ACROSS // len(models), len(names)))
    rows = math.ceil(len(names) / columns)
    size = (WIDTH * max(1, len(models) / ACROSS), 1.55 * rows + 0.6)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    every = [v for block in scores.values() for v in block.values()]
    dense = sum(map(len, every)) > DENSE
    dot = 2.6 if max(map(len, every), default=0) <= FEW else 1.6
    for axes, name in zip(grid.flat, names, strict=False):
        own = scores.get(name, {})
        for place, model in enumerate(models):
            values = own.get(model.label, np.empty(0)) * metric.print_factor
            known = values[np.isfinite(values)]
            _draw_model(axes, place, known, looks[model.label], dot, dense)
        _finish(axes, models, name, config)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    for number, axes in enumerate(grid.flat):
        axes.tick_params(labelbottom=number + columns >= len(names))
    figure.supylabel(metric.title, fontsize=8)
    expected = sum(len(model.institutions()) + len(model.cross) for model in models)
    _draw_legend(figure, sum(bool(np.isfinite(v).any()) for v in every) < expected)
    return figure


def _draw_model(
    axes: Axes, place: int, values: Vector, look: Look, size: float, dense: bool
) -> None:
    if not len(values):
        transform = axes.get_xaxis_transform()
        axes.add_patch(Rectangle((place - 0.4, 0), 0.8, 1, transform=transform, **HATCH))
        return
    if len(values) >= BOX:
        low, middle, high = np.percentile(values, [25, 50, 75])
        box = Rectangle((place - 0.4, low), 0.8, high - low, edgecolor="0.3", linewidth=0.5)
        box.set_facecolor(to_rgba(look.colour, 0.2))
        axes.add_patch(box)
        axes.plot([place - 0.4, place + 0.4], [middle] * 2, color="0.1", linewidth=0.9)
    # Multiples of the golden ratio fill a line evenly, the same at every drawing.
    shifts = (np.arange(1, len(values) + 1) * GOLDEN % 1 - 0.5) * SPREAD
    style = {"linewidth": 0, "markersize": size, "markeredgewidth": 0.5} | look.marks
    axes.plot(place + shifts, values, rasterized=dense, **style)


def _finish(axes: Axes, models: Sequence[Model], name: str, config: StudyConfig) -> None:
    """Names, and a shade behind the models that were trained at the institution."""
    for place, model in enumerate(models):
        if name in model.internal:
            axes.axvspan(place - 0.5, place + 0.5, color=SHADE, linewidth=0, zorder=0)
    role = "development" if name in config.cohort.development else "external"
    axes.set_title(f"{name} ({role})", fontsize=7)
    labels = [model.label for model in models]
    axes.set_xticks(range(len(models)), labels, fontsize=6, rotation=90)
    axes.set_xlim(-0.6, len(models) - 0.4)
    axes.tick_params(axis="x", length=0)
    axes.tick_params(axis="y", labelsize=6.5)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_legend(figure: Figure, missing: bool) -> None:
    handles = [Patch(color=SHADE), *([Patch(**HATCH)] if missing else [])]
    names = ["trained there", "no value"][: len(handles)]
    figure.legend(handles, names, loc="outside lower right", ncols=2, fontsize=6.5, frameon=False)
