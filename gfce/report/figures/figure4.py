"""Figure 4: every model at every institution, and how hard each institution is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure

from gfce.config import StudyConfig
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import PRINTED_METRICS, metric_named
from gfce.report.figure import FigureKind
from gfce.report.matrix import Grid, draw_legend, draw_values, head_columns
from gfce.report.reading import read_scores
from gfce.statistics.design import Model, normalization_title
from gfce.statistics.inference.skill import REFERENCE
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.read import read_optional
from gfce.statistics.tables.trivial_predictors import PREDICTORS, TABLE
from gfce.study import Results

FIGURE = FigureKind(
    title="Every model at every institution",
    caption="A file for each printed metric: the mean over the test patients of each institution "
    "(columns), seeds averaged, of each model (rows). Framed: the model was trained at the "
    "institution, and its held-out patients are shown. Corner: held-out patients of a development "
    "institution that the model was not trained at. Brighter is better. Above, in grey, MAE x 1000 "
    "of T1w itself on the same patients: the darker, the less an institution's T1w is like its CE; "
    "it depends a little on the normalization, which sets the scale.",
    reads=("tabulate",),
    each_network=True,
)
DIFFICULTY = metric_named("mae")
"""The metric by which T1w itself says how hard an institution is, in every file."""
WIDTH = 7.1
"""Of a page of a journal (180 mm), in inches; wider for more institutions than fit."""
CELL_WIDTH, CELL_HEIGHT = 0.44, 0.19
"""The smallest cell whose number can be read, in inches."""
MARGIN, LOWEST = 1.7, 0.9
"""Beside the cells, for names and the scale; the least height of the matrix, for the scale."""


@dataclass(frozen=True)
class Matrix:
    """What the figure shows.

    Attributes:
        models: of the rows.
        scores: the mean of each printed metric, by column: indexed by model and institution.
        n: the patients of each institution.
        difficulty: MAE of T1w itself (normalization, institution); no rows: not scored.
    """

    models: Sequence[Model]
    scores: pd.DataFrame
    n: dict[str, int]
    difficulty: pd.DataFrame

    def values(self, metric: Metric, institutions: Sequence[str]) -> pd.DataFrame:
        """The printed means of a metric (model, institution), NaN where there is none."""
        wide = pd.DataFrame(self.scores[metric.name].unstack("institution"))  # noqa: PD010
        labels = [model.label for model in self.models]
        return wide.reindex(index=labels, columns=list(institutions)) * metric.print_factor


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """The matrix of each printed metric."""
    study = read_scores(config)
    matrix = _gather(study, [m for m in study.models if m.cell.network == network])
    for metric in PRINTED_METRICS:
        yield metric.name, draw_matrix(study.config, matrix, metric)


def _gather(study: ScoredStudy, models: Sequence[Model]) -> Matrix:
    scores = pd.concat([study.scores, study.cross_scores], ignore_index=True)
    scores = scores[scores["model"].isin([model.label for model in models])]
    means = scores.groupby(["model", "institution"])[[m.name for m in PRINTED_METRICS]].mean()
    patients = scores.groupby("institution")["patient_id"].nunique()
    n = {str(name): int(count) for name, count in patients.items()}
    return Matrix(models, means, n, _difficulty(study, models))


def _difficulty(study: ScoredStudy, models: Sequence[Model]) -> pd.DataFrame:
    """MAE of T1w itself x 1000 on each institution's test patients (normalization, institution).

    Of an institution that some models are not trained at, tables/trivial_predictors.csv has it
    beside one that is: who is held out is held out from all models.
    """
    table = read_optional(Results(study.config).table("trivial_predictors", "csv"), TABLE.names)
    if table is None:
        return pd.DataFrame()
    normalizations = {model.label: model.cell.normalization for model in models}
    rows = table[(table["predictor"] == REFERENCE) & table["model"].isin(list(normalizations))]
    values = pd.to_numeric(rows[DIFFICULTY.mean]) * DIFFICULTY.print_factor
    by = [rows["model"].map(normalizations), rows["testing"]]
    means = pd.DataFrame(values.groupby(by, sort=False).first().unstack())  # noqa: PD010
    return means.reindex(columns=study.config.cohort.institutions)


def draw_matrix(config: StudyConfig, matrix: Matrix, metric: Metric) -> Figure:
    """The matrix of one metric.

    Args:
        config: the study, with what was merged into it.
        matrix: what is shown.
        metric: of the means.
    """
    development, external = config.cohort.development, config.cohort.external
    columns = Grid.parted([development, external])
    rows = Grid.parted(_by_normalization(matrix.models))
    strip = Grid.parted([list(matrix.difficulty.index)])
    heights = [CELL_HEIGHT * max(strip.size, 0.1), max(CELL_HEIGHT * rows.size, LOWEST)]
    width = max(min(WIDTH, columns.size + MARGIN), CELL_WIDTH * columns.size + MARGIN)
    figure = Figure(figsize=(width, sum(heights) + 1.75), layout="constrained")
    above, axes = figure.subplots(2, 1, height_ratios=heights, sharex=True)
    _draw_difficulty(above, matrix, strip, columns)
    values = matrix.values(metric, config.cohort.institutions)
    norm = _norm(values)
    colours = mpl.colormaps["cividis" if metric.higher_is_better else "cividis_r"]
    draw_values(axes, rows, columns, values, norm, colours, metric.decimals)
    for model in matrix.models:
        for name in model.internal:
            rows.frame(axes, columns, model.label, name)
        for name in model.cross:
            rows.corner(axes, columns, model.label, name)
    patients = [f"{name}\nn = {matrix.n.get(name, 0)}" for name in columns.places]
    head_columns(axes, columns, patients, {"development": development, "external": external})
    _draw_scale(figure, axes, norm, colours, metric)
    guests = any(model.cross for model in matrix.models)
    draw_legend(figure, guests=guests, missing=bool(values.isna().any(axis=None)))
    return figure


def _by_normalization(models: Sequence[Model]) -> list[list[str]]:
    names = dict.fromkeys(model.cell.normalization for model in models)
    return [[m.label for m in models if m.cell.normalization == name] for name in names]


def _norm(values: pd.DataFrame) -> Normalize:
    known = values.to_numpy(float)
    known = known[np.isfinite(known)]
    return Normalize(known.min(), known.max()) if len(known) else Normalize(0, 1)


def _draw_difficulty(axes: Axes, matrix: Matrix, rows: Grid, columns: Grid) -> None:
    """The strip above the matrix: how far each institution's T1w is from its CE."""
    table = matrix.difficulty
    if table.empty:
        axes.set_axis_off()
        axes.text(0, 0.5, "T1w itself is not scored", transform=axes.transAxes, fontsize=6)
        return
    greys = mpl.colormaps["Greys"]
    low, high = np.nanmin(table), np.nanmax(table)
    room = (high - low) or 1.0
    norm = Normalize(low - 0.25 * room, high + 0.75 * room)
    draw_values(axes, rows, columns, table, norm, greys, DIFFICULTY.decimals)
    labels = [normalization_title(name) for name in rows.places]
    axes.set_yticks(list(rows.places.values()), labels, fontsize=7)
    axes.set_title(f"{PREDICTORS[REFERENCE]}: {DIFFICULTY.title}", fontsize=7, loc="left")


def _draw_scale(
    figure: Figure, axes: Axes, norm: Normalize, colours: Colormap, metric: Metric
) -> None:
    mappable = mpl.cm.ScalarMappable(norm, colours)
    bar = figure.colorbar(mappable, ax=axes, fraction=0.03, pad=0.01, aspect=25)
    bar.ax.tick_params(labelsize=6)
    bar.set_label(f"mean {metric.title}\nbrighter: better", fontsize=7)
    if not metric.higher_is_better:
        bar.ax.invert_yaxis()
