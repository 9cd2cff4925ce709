"""Figure 3: T1w, T2w, CE, the models' synthetic CE, the tumour in them, and their errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from gfce.config import StudyConfig
from gfce.evaluation.predictions import load_prediction
from gfce.evaluation.scaling import common_scale
from gfce.files import records
from gfce.images.arrays import Volume
from gfce.images.fitting import load_normalization
from gfce.images.modalities import MODALITIES
from gfce.images.store import StoredPatient
from gfce.report.figure import FigureKind, study_figures
from gfce.report.regions import Region, SliceMask, head_region, pixel_mm, tumour_region
from gfce.report.shown_models import shown_cells
from gfce.report.tiles import bare, shown_slice, window
from gfce.study import Cell, Results, model_label, read_patients

FIGURE = FigureKind(
    title="Synthetic CE of external patients",
    caption="The first test patient of each external institution (of each development "
    "institution, if none is external). Rows: T1w, T2w, CE and the models' synthetic CE, cut to "
    "the head; the tumour enlarged, where there is a mask; absolute errors on the [0, 1] scale, "
    "below them the MAE × 10³ of the volume. The slice is the one where the tumour is largest, "
    "else the middle of the head. A patient's CE and synthetic CE have one window, that of the CE; "
    "all errors have one scale. Blue line: the tumour's mask; white frame: what is enlarged. "
    "Models: those of report.figure3_models, else up to eight of the network by a rule "
    "(docs/report.md).",
    reads=("index", "preprocess", "train", "predict"),
    each_network=True,
    chosen_models=True,
)
ERROR_LIMITS = (0.0, 0.3)
"""Absolute errors on the [0, 1] scale that are shown as black and white."""
OUTLINE = "#19d3ff"
RESOLUTION = 300
"""Pixels per inch in print: about those of a slice of 256 x 224."""
LABEL, HEAD, COLUMN, GAP, FOOT = 0.3, 0.28, 0.62, 0.02, 0.13
"""Inches: names of institutions, names of models, an image, between images, a line of numbers."""
PROPORTION = 1.18
"""Height of an image over its width."""
TEXT, LETTER = 6.5, 0.6
"""Points, and width of a letter against them."""
Limits = tuple[float, float]


@dataclass(frozen=True)
class Patient:
    """What is shown of one patient.

    Attributes:
        name: institution and id.
        pixel: height and width of a pixel in mm.
        number: the slice.
        head: the part of the slice that has the head.
        tumour: the mask of that slice (None: no tumour is in it).
        images: slices (row, column) by title: T1w, T2w, CE, then the models'.
        limits: their intensities that are black and white.
        errors: of the models, slices (row, column).
        maes: of the models' volumes.
    """

    name: str
    pixel: tuple[float, float]
    head: Region
    tumour: SliceMask | None
    images: list[NDArray[np.float32]]
    limits: list[Limits]
    errors: list[NDArray[np.float32]]
    maes: list[float]

    @property
    def zoom(self) -> Region | None:
        """What is enlarged."""
        return None if self.tumour is None else tumour_region(self.tumour, self.pixel, 1.0)

    @property
    def height(self) -> float:
        """What its rows take, in inches."""
        return 2 * (COLUMN * PROPORTION + GAP) + (COLUMN + GAP) * (self.zoom is not None) + FOOT


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """One patient of each external institution; of a study without, of each development one."""
    figures = study_figures(config).values()
    this = next(f for f in figures if (f.module, f.network) == (__name__, network))
    shown = shown_cells(config, this)
    patients = [_patient(config, row, shown) for row in _one_of_each(config)]
    real = [modality.title for modality in MODALITIES.values()]
    yield "", draw_patients(patients, [*real, *(model_label(config, cell) for cell in shown)])


def _one_of_each(config: StudyConfig) -> list[dict[str, Any]]:
    """A test patient of each external institution (of each development one if none is external)."""
    patients = read_patients(Results(config))
    tested = patients[patients["split"] == "test"]
    chosen = config.cohort.external or config.cohort.development
    return [records(tested[tested["institution"] == name].head(1))[0] for name in chosen]


def _patient(config: StudyConfig, row: dict[str, Any], shown: list[Cell]) -> Patient:
    stored = StoredPatient(Results(config).images(row["institution"]), row["patient_id"])
    number, pixel, masks = shown_slice(stored), pixel_mm(stored), stored.masks()
    volumes = {modality: stored.volume(modality) for modality in MODALITIES}
    images = [volume[number] for volume in volumes.values()]
    limits = [window(volume) for volume in volumes.values()]
    errors, maes = [], []
    for cell in shown:
        real, synthetic = _compared(config, stored, cell, volumes["ce"])
        difference = np.abs(real - synthetic)
        images.append(synthetic[number])
        limits.append(window(real))
        errors.append(difference[number])
        maes.append(float(difference.mean()))
    tumour = masks["tumour"][number] if "tumour" in masks else None
    return Patient(
        name=f"{row['institution']}\n{row['patient_id']}",
        pixel=pixel,
        head=head_region(masks["foreground"][number], pixel, PROPORTION),
        tumour=tumour if tumour is not None and tumour.any() else None,
        images=images,
        limits=limits,
        errors=errors,
        maes=maes,
    )


def _compared(
    config: StudyConfig, patient: StoredPatient, cell: Cell, ce: Volume
) -> tuple[Volume, Volume]:
    results = Results(config)
    synthetic = load_prediction(results.predictions(cell), patient)
    raw = patient.restored("ce", synthetic, load_normalization(results.normalization(cell)))
    return common_scale(ce, raw, "reference")


def draw_patients(patients: list[Patient], titles: list[str]) -> Figure:
    """Two or three rows of images for each patient.

    Args:
        patients: what is shown of each.
        titles: of the columns.
    """
    width = LABEL + len(titles) * (COLUMN + GAP)
    height = HEAD + sum(patient.height for patient in patients)
    page = Page(Figure(figsize=(width, height), dpi=RESOLUTION))
    for column, title in enumerate(titles):
        left = LABEL + column * (COLUMN + GAP) + COLUMN / 2
        page.text(left, HEAD - 0.04, title.replace(" ", "\n", 1), COLUMN, va="bottom")
    top = HEAD
    for number, patient in enumerate(patients):
        map_ = _draw_patient(page, patient, top)
        top += patient.height
        if not number:
            _draw_bar(page, map_, top - FOOT - COLUMN * PROPORTION / 2)
    return page.figure


@dataclass(frozen=True)
class Page:
    """A figure on which axes have their places in inches from the upper left corner."""

    figure: Figure

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """New axes."""
        whole_width, whole_height = self.figure.get_size_inches()
        below = whole_height - top - height
        return self.figure.add_axes(
            (left / whole_width, below / whole_height, width / whole_width, height / whole_height)
        )

    def text(self, x: float, y: float, words: str, room: float, **how: Any) -> None:
        """Words around a place, smaller if they are longer than the room for them."""
        width, height = self.figure.get_size_inches()
        fits = 72 * room / (LETTER * max(len(line) for line in words.splitlines()))
        size = min(TEXT, fits)
        place = (x / width, 1 - y / height)
        self.figure.text(*place, words, ha="center", fontsize=size, linespacing=1.1, **how)

    def image(self, column: int, top: float, proportion: float) -> Axes:
        """New axes in a column."""
        left = LABEL + column * (COLUMN + GAP)
        axes = self.axes(left, top, COLUMN, COLUMN * proportion)
        bare(axes)
        return axes


def _draw_patient(page: Page, patient: Patient, top: float) -> AxesImage:
    """A patient's rows; the last error map."""
    middle = top + (patient.height - FOOT) / 2
    page.text(LABEL / 2, middle, patient.name, patient.height - FOOT, va="center", rotation=90)
    below = top + COLUMN * PROPORTION + GAP
    for column, (image, limits) in enumerate(zip(patient.images, patient.limits, strict=True)):
        axes = page.image(column, top, PROPORTION)
        _show(axes, patient, image, limits, patient.head, outlined=column >= CE)
        if patient.zoom:
            _show(page.image(column, below, 1), patient, image, limits, patient.zoom)
        if column == CE and patient.zoom:
            _frame(axes, patient.zoom)
    below += (COLUMN + GAP) * (patient.zoom is not None)
    for column, (error, mae) in enumerate(zip(patient.errors, patient.maes, strict=True)):
        axes = page.image(CE + 1 + column, below, PROPORTION)
        map_ = _show(axes, patient, error, ERROR_LIMITS, patient.head, colours="inferno")
        axes.set_xlabel(f"MAE {1000 * mae:.1f}", fontsize=TEXT, labelpad=1.5)
    return map_


CE = list(MODALITIES).index("ce")
"""The column of the real CE, before the models'."""


def _show(
    axes: Axes,
    patient: Patient,
    image: NDArray[np.float32],
    limits: Limits,
    region: Region,
    *,
    colours: str = "gray",
    outlined: bool = True,
) -> AxesImage:
    """A part of a slice, and the outline of the tumour."""
    (rows, columns), (height, width) = image.shape, patient.pixel
    extent = (0, columns * width, rows * height, 0)
    low, high = limits
    shown = axes.imshow(image, cmap=colours, vmin=low, vmax=high, extent=extent, aspect="auto")
    if patient.tumour is not None and outlined:
        x, y = (np.arange(columns) + 0.5) * width, (np.arange(rows) + 0.5) * height
        axes.contour(x, y, patient.tumour, levels=[0.5], colors=OUTLINE, linewidths=0.5)
    axes.set(facecolor="black", **region.limits())
    return shown


def _frame(axes: Axes, region: Region) -> None:
    corner, size = (region.left, region.top), (region.width, region.height)
    axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor="white", linewidth=0.4))


def _draw_bar(page: Page, errors: AxesImage, middle: float) -> None:
    """The scale of the errors, in the room that the first patient's T1w, T2w and CE leave."""
    axes = page.axes(LABEL + 0.15, middle - 0.1, CE * (COLUMN + GAP) + 0.2, 0.07)
    bar = page.figure.colorbar(errors, cax=axes, orientation="horizontal", extend="max")
    bar.ax.tick_params(labelsize=TEXT, length=2, pad=1)
    bar.set_label("absolute error\n(MAE: × 10³, of the volume)", fontsize=TEXT, labelpad=2)
