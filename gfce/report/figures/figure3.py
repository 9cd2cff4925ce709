"""Figure 3: T1w, T2w, CE, the models' synthetic CE and their errors, for external patients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from gfce.config import StudyConfig
from gfce.evaluation.predictions import load_prediction
from gfce.evaluation.scaling import common_scale
from gfce.files import records
from gfce.images.arrays import Volume
from gfce.images.fitting import load_normalization
from gfce.images.modalities import MODALITIES
from gfce.images.store import StoredPatient
from gfce.report.figure import FigureKind
from gfce.report.tiles import bare, pixel_aspect, show, shown_slice, window
from gfce.study import Cell, Results, cells, model_label, read_patients

FIGURE = FigureKind(
    title="Synthetic CE of external patients",
    caption="T1w, T2w, CE, the models' synthetic CE and, below each, its absolute error on the "
    "[0, 1] scale, for one test patient of each external institution (of each development "
    "institution, if none is external). The slice is the one where the tumour is largest, else the "
    "middle of the head; the window is that of the real CE.",
    reads=("index", "preprocess", "train", "predict"),
    each_network=True,
)
ERROR_LIMITS = (0.0, 0.3)
"""Absolute errors on the [0, 1] scale that are shown as black and white."""


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """One patient of each external institution, two rows each: images, and errors below them.

    Of a study without external institutions, one held-out patient of each development institution.
    """
    shown = [
        cell
        for cell in cells(config)
        if cell.network == network and cell.seed == config.grid.seeds[0]
    ]
    patients = _one_of_each(config)
    size = (1.2 * (3 + len(shown)), 2.55 * len(patients))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(2 * len(patients), 3 + len(shown), squeeze=False)
    for number, patient in enumerate(patients):
        rows = grid[2 * number : 2 * number + 2]
        errors = _draw_patient(rows, config, patient, shown)
    for axes, title in zip(grid[0], _titles(config, shown), strict=True):
        axes.set_title(title)
    bar = figure.colorbar(errors, ax=grid, shrink=0.5, pad=0.01, extend="max")
    bar.set_label("absolute error on the [0, 1] scale")
    yield "", figure


def _titles(config: StudyConfig, shown: list[Cell]) -> list[str]:
    real = (modality.title for modality in MODALITIES.values())
    return [*real, *(model_label(config, cell) for cell in shown)]


def _one_of_each(config: StudyConfig) -> list[dict[str, Any]]:
    """A test patient of each external institution (of each development one if none is external)."""
    patients = read_patients(Results(config))
    tested = patients[patients["split"] == "test"]
    chosen = config.cohort.external or config.cohort.development
    return [records(tested[tested["institution"] == name].head(1))[0] for name in chosen]


def _draw_patient(
    rows: Any, config: StudyConfig, patient: dict[str, Any], shown: list[Cell]
) -> AxesImage:
    images, errors = rows
    patient_id, institution = patient["patient_id"], patient["institution"]
    stored = StoredPatient(Results(config).images(institution), patient_id)
    number, aspect = shown_slice(stored), pixel_aspect(stored)
    volumes = {modality: stored.volume(modality) for modality in MODALITIES}
    for axes, below, volume in zip(images, errors, volumes.values(), strict=False):
        show(axes, volume[number], window(volume), aspect)
        bare(below)
    images[0].set_ylabel(f"{institution}\n{patient_id}")
    for axes, below, cell in zip(images[3:], errors[3:], shown, strict=True):
        real, synthetic = _compared(config, stored, cell, volumes["ce"])
        show(axes, synthetic[number], window(real), aspect)
        difference = np.abs(real - synthetic)
        map_ = show(below, difference[number], ERROR_LIMITS, aspect, "inferno")
        below.set_xlabel(f"MAE {1000 * difference.mean():.1f}", fontsize=6)
    _note(errors[0])
    return map_


def _note(axes: Axes) -> None:
    axes.text(0, 0.5, "errors;\nMAE × 10³\nof the volume", transform=axes.transAxes, fontsize=6)


def _compared(
    config: StudyConfig, patient: StoredPatient, cell: Cell, ce: Volume
) -> tuple[Volume, Volume]:
    results = Results(config)
    synthetic = load_prediction(results.predictions(cell), patient)
    raw = patient.restored("ce", synthetic, load_normalization(results.normalization(cell)))
    return common_scale(ce, raw, "reference")
