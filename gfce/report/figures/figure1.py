"""Figure 1: how different the institutions' images are, and what normalization does to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from gfce.config import StudyConfig
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import fit_normalization
from gfce.images.modalities import MODALITIES
from gfce.images.normalizations import NORMALIZATIONS
from gfce.images.store import StoredPatient
from gfce.quality.distances import reference_set
from gfce.report.colours import institution_lines
from gfce.report.figure import FigureKind
from gfce.report.tiles import pixel_aspect, show, shown_slice, window
from gfce.study import Results, read_patients

FIGURE = FigureKind(
    title="Heterogeneity of the institutions",
    caption="One patient of each institution (T1w, T2w, CE; below each image its raw window), "
    "above the distributions of intensities in the heads of up to eight patients of each "
    "institution, raw and after each normalization. Density is relative: "
    "each curve has the area 1. Fitted normalizations are those of the last training set. The "
    "figure of distances says how far apart the distributions are.",
    reads=("index", "preprocess"),
)

Scale = FittedNormalization | None
"""A scale of intensities (None: raw)."""
LEGEND_COLUMNS = 8
HISTOGRAM_PATIENTS = 8
HISTOGRAM_VOXELS = 20_000
"""Patients per institution and voxels per patient in a histogram: enough for a smooth curve."""


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """One patient of each institution above the histograms of all of them."""
    patients = read_patients(Results(config))
    institutions = config.cohort.institutions
    figure = Figure(figsize=(max(7.5, 1.35 * len(institutions)), 10), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=[1, 1.25])
    _draw_images(parts[0], config, patients, institutions)
    _draw_histograms(parts[1], config, patients, institutions)
    yield "", figure


def _draw_images(
    figure: SubFigure, config: StudyConfig, patients: pd.DataFrame, institutions: list[str]
) -> None:
    grid = figure.subplots(len(MODALITIES), len(institutions), squeeze=False)
    for column, institution in enumerate(institutions):
        patient = _first_patients(config, patients, institution, 1)[0]
        number, aspect = shown_slice(patient), pixel_aspect(patient)
        for row, modality in enumerate(MODALITIES):
            volume = patient.volume(modality)
            limits = window(volume)
            show(grid[row, column], volume[number], limits, aspect)
            grid[row, column].set_xlabel(f"{limits[0]:.0f} to {limits[1]:.0f}", fontsize=6)
        grid[0, column].set_title(institution)
    for row, described in enumerate(MODALITIES.values()):
        grid[row, 0].set_ylabel(described.full_title)
    figure.suptitle("One patient of each institution; below each image, its raw window", fontsize=8)


def _draw_histograms(
    figure: SubFigure,
    config: StudyConfig,
    patients: pd.DataFrame,
    institutions: list[str],
) -> None:
    scales = _scales(config)
    grid = figure.subplots(len(MODALITIES), len(scales), squeeze=False)
    for row, (modality, described) in enumerate(MODALITIES.items()):
        for column, (name, scale) in enumerate(scales.items()):
            intensities = {
                institution: _intensities(config, patients, institution, modality, scale)
                for institution in institutions
            }
            _draw_histogram(grid[row, column], intensities)
            grid[0, column].set_title(NORMALIZATIONS[name].title if scale else name)
            grid[-1, column].set_xlabel("normalized" if scale else "units of the file")
        grid[row, 0].set_ylabel(f"{described.full_title}: density in the head")
    handles = [Line2D([], [], **line) for line in institution_lines(institutions).values()]
    columns = min(len(institutions), LEGEND_COLUMNS)
    figure.legend(handles, institutions, loc="outside lower center", ncols=columns)


def _scales(config: StudyConfig) -> dict[str, Scale]:
    """The raw scale and every normalization, fitted on the training set that stands for all."""
    training_set = reference_set(config)
    fitted: dict[str, Scale] = {
        name: fit_normalization(Results(config), name, training_set)
        for name in config.grid.normalizations
    }
    return {"raw": None, **fitted}


def _intensities(
    config: StudyConfig, patients: pd.DataFrame, institution: str, modality: str, scale: Scale
) -> NDArray[np.float32]:
    """Intensities in the heads of an institution's first patients, on one scale."""
    parts = []
    for patient in _first_patients(config, patients, institution, HISTOGRAM_PATIENTS):
        volume = patient.normalized(modality, scale) if scale else patient.volume(modality)
        values = volume[patient.masks()["foreground"]]
        parts.append(values[:: max(1, len(values) // HISTOGRAM_VOXELS)])
    return np.concatenate(parts)


def _first_patients(
    config: StudyConfig, patients: pd.DataFrame, institution: str, count: int
) -> list[StoredPatient]:
    ids = patients["patient_id"][patients["institution"] == institution].head(count)
    folder = Results(config).images(institution)
    return [StoredPatient(folder, patient_id) for patient_id in ids]


def _draw_histogram(axes: Axes, intensities: dict[str, NDArray[np.float32]]) -> None:
    limits = np.percentile(np.concatenate(list(intensities.values())), [0.2, 99.5])
    bins = np.linspace(limits[0], limits[1], 80)
    for name, line in institution_lines(list(intensities)).items():
        style: Any = {"stat": "density", "element": "step", "fill": False, **line}
        sns.histplot(x=intensities[name], bins=bins, ax=axes, **style)
    axes.set(xlabel="", ylabel="", yticks=[], xlim=limits)
    sns.despine(ax=axes, left=True)
