"""How far apart the institutions' intensities are after each normalization: numbers and a map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from gfce.config import StudyConfig
from gfce.images.modalities import MODALITIES
from gfce.images.normalizations import NORMALIZATIONS
from gfce.quality.distance_tables import INSTITUTION_DISTANCES
from gfce.report.classical_scaling import classical_map
from gfce.report.figure import FigureKind
from gfce.report.reading import read_statistics

FIGURE = FigureKind(
    title="Distances of the institutions",
    caption="How far apart the intensities in the heads of each two institutions are after each "
    "normalization: Wasserstein-1 distance over the SD within institutions (0.5: as far as two "
    "equal distributions whose means differ by half an SD). Raw intensities have an arbitrary gain "
    "and are not compared. Right: map of the mean of the three modalities (classical "
    "multidimensional scaling), with the share of it that two dimensions keep; all maps have one "
    "scale, and their axes no other meaning. Full circles: development institutions; open ones: "
    "external. Fitted normalizations are those of the last training set. "
    "cohort/institution_distances.csv has the numbers.",
    reads=("distances",),
)
Floats = NDArray[np.float64]
MOST_NUMBERS = 8
"""Institutions up to which the numbers can be read in the cells."""
ROW, WIDTH = 1.75, 7.2
"""Height of a normalization, and width of a page of a journal, in inches."""
COLOURS = "mako_r"
"""A sequence of colours (seaborn's) that is monotonic in grey."""


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """A row for each normalization: a matrix for each modality, and a map of their mean."""
    yield "", draw_distances(config, read_statistics(config, INSTITUTION_DISTANCES, "distances"))


def draw_distances(config: StudyConfig, table: pd.DataFrame) -> Figure:
    """The figure of the rows of institution_distances.csv."""
    names = [
        n for n in config.cohort.institutions if n in {*table.institution_a, *table.institution_b}
    ]
    normalizations = [n for n in config.grid.normalizations if n in set(table["normalization"])]
    if not normalizations:
        figure = Figure(figsize=(WIDTH / 2, 1), layout="constrained")
        figure.text(0.5, 0.5, "one institution: nothing to compare", ha="center", va="center")
        return figure
    size = (WIDTH, 0.8 + ROW * len(normalizations))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(normalizations), len(MODALITIES) + 1, squeeze=False)
    largest = float(table["distance"].max())
    maps = []
    for row, normalization in zip(grid, normalizations, strict=True):
        of_row = table[table["normalization"] == normalization]
        matrices = [_matrix(of_row[of_row["modality"] == m], names) for m in MODALITIES]
        for axes, matrix in zip(row, matrices, strict=False):
            shown = _draw_matrix(axes, matrix, names, largest)
        _name(row, NORMALIZATIONS[normalization].title, names)
        maps.append((row[-1], np.mean(matrices, axis=0)))
    for axes, modality in zip(grid[0], MODALITIES.values(), strict=False):
        axes.set_title(modality.full_title)
    grid[0, -1].set_title("map of their mean")
    _draw_maps(maps, config, names)
    bar = figure.colorbar(shown, ax=grid, location="bottom", shrink=0.4, aspect=40, pad=0.02)
    bar.set_label("Wasserstein-1 distance / SD within institutions")
    return figure


def _matrix(rows: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Distances (institution, institution) of one modality and normalization."""
    places = {name: place for place, name in enumerate(names)}
    a, b = (rows[column].map(places).to_numpy() for column in ("institution_a", "institution_b"))
    matrix = np.zeros((len(names), len(names)))
    matrix[a, b] = matrix[b, a] = rows["distance"]
    return matrix


def _draw_matrix(axes: Axes, matrix: Floats, names: Sequence[str], largest: float) -> AxesImage:
    """Each pair once: below the diagonal."""
    shown = np.where(np.tri(len(matrix), k=-1, dtype=bool), matrix, np.nan)[:, :-1]
    image = axes.imshow(shown, cmap=sns.color_palette(COLOURS, as_cmap=True), vmin=0, vmax=largest)
    if len(names) <= MOST_NUMBERS:
        for (row, column), value in np.ndenumerate(shown):
            colour = "white" if value > 0.5 * largest else "black"
            text = "" if np.isnan(value) else f"{value:.2f}"
            axes.text(column, row, text, color=colour, fontsize=5, ha="center", va="center")
    axes.set(xticks=[], yticks=[], anchor="N")
    axes.tick_params(length=0)
    sns.despine(ax=axes, left=True, bottom=True)
    return image


def _name(row: Sequence[Axes], title: str, names: Sequence[str]) -> None:
    """Institutions with their number on the map, beside and below."""
    numbered = [f"{name} ({number})" for number, name in enumerate(names, 1)]
    row[0].set_yticks(range(len(names)), numbered, fontsize=6)
    row[0].set_ylabel(title)
    for axes in row[:-1]:
        axes.set_xticks(range(len(names) - 1), [f"{n}" for n in range(1, len(names))], fontsize=6)


def _draw_maps(
    maps: Sequence[tuple[Axes, Floats]], config: StudyConfig, names: Sequence[str]
) -> None:
    """Maps of one scale, so that distances can be compared between normalizations."""
    found = [(axes, *classical_map(matrix)) for axes, matrix in maps]
    reach = 1.4 * max(float(np.abs(places).max()) for _, places, _ in found) or 1.0
    for axes, places, share in found:
        labels = _apart(places, least=0.15 * reach)
        for number, (name, place, label) in enumerate(zip(names, places, labels, strict=True), 1):
            inner = "0.1" if name in config.cohort.development else "white"
            axes.plot(*zip(place, label, strict=True), color="0.6", linewidth=0.5, zorder=1)
            axes.plot(*place, "o", color=inner, markeredgecolor="0.1", markersize=4)
            axes.annotate(f"{number}", label, fontsize=6, ha="center", va="center")
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", anchor="N")
        kept = f"{100 * share:.0f} % kept"
        axes.text(0.04, 0.04, kept, fontsize=6, transform=axes.transAxes)
        axes.tick_params(labelsize=5)
        axes.locator_params(nbins=5)
    found[-1][0].set_xlabel("SD within institutions", fontsize=6)


def _apart(places: Floats, least: float) -> Floats:
    """Where labels of places (point, 2) stand: so far from each place and from each other."""
    # Outwards from the middle of all, and in turn so that places that coincide part as well.
    angles = np.arange(len(places)) * 2 * np.pi / len(places)
    outwards = places - places.mean(axis=0)
    outwards += 1e-3 * least * np.column_stack([np.cos(angles), np.sin(angles)])
    labels = places + least * outwards / np.linalg.norm(outwards, axis=1, keepdims=True)
    for _ in range(100):
        others = np.concatenate([places, labels])
        gaps = labels[:, None] - others[None]
        lengths = np.maximum(np.linalg.norm(gaps, axis=2), 1e-9)
        short = np.where(lengths < least, (least - lengths) / 2, 0)
        short[np.arange(len(labels)), len(labels) + np.arange(len(labels))] = 0
        labels = labels + (gaps / lengths[..., None] * short[..., None]).sum(axis=1)
    return labels
