"""Volumes as 8-bit pictures: the head alone, each slice a JPEG of its own."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gfce.evaluation.predictions import load_prediction
from gfce.evaluation.scaling import common_scale
from gfce.images.arrays import Mask, Volume
from gfce.images.fitting import load_normalization
from gfce.images.modalities import INPUTS
from gfce.images.store import StoredPatient
from gfce.report.page.choosing import Case
from gfce.report.page.study import ReportedStudy
from gfce.report.tiles import shown_slice
from gfce.statistics.design import Model

Gray = NDArray[np.uint8]
WHITE = 99.9
"""Percentile of a volume that is white; of synthetic CE that of the real one."""
MARGIN = 3
"""Pixels around the head that are kept."""


@dataclass(frozen=True)
class Pictures:
    """A patient's volumes in gray, (slice, row, column), cut to the head.

    Attributes:
        case: the patient.
        volumes: by modality and, of synthetic CE, by the model's label; all of one shape.
        white: what gray level 255 of CE is on the [0, 1] scale that errors are measured on.
        first: the slice to begin with, where the tumour is largest.
        aspect: width over height of a slice.
    """

    case: Case
    volumes: Mapping[str, Gray]
    white: float
    first: int
    aspect: float


def pictures(study: ReportedStudy, case: Case, models: list[Model]) -> Pictures:
    """Read a patient's volumes and the synthetic CE of those models."""
    stored = StoredPatient(study.results.images(case.institution), case.patient_id)
    box = _head(stored.masks()["foreground"])
    volumes = {name: _gray(volume := stored.volume(name), _white(volume))[box] for name in INPUTS}
    ce = stored.volume("ce")
    real, _ = common_scale(ce, ce, "reference")
    white = _white(real)
    volumes["ce"] = _gray(real, white)[box]
    for model in models:
        volumes[model.label] = _gray(_synthetic(study, stored, model, ce), white)[box]
    column, row, _ = stored.geometry.spacing
    rows, columns = volumes["ce"].shape[1:]
    return Pictures(case, volumes, white, shown_slice(stored), columns * column / (rows * row))


def _synthetic(study: ReportedStudy, stored: StoredPatient, model: Model, ce: Volume) -> Volume:
    """A model's synthetic CE on the [0, 1] scale of the real one."""
    predicted = load_prediction(study.results.predictions(model.cell), stored)
    normalization = load_normalization(study.results.normalization(model.cell))
    return common_scale(ce, stored.restored("ce", predicted, normalization), "reference")[1]


def _head(mask: Mask) -> tuple[slice, slice, slice]:
    """All slices, and the rows and columns that the head takes in any of them (none: all)."""
    if not mask.any():
        return slice(None), slice(None), slice(None)
    sides = (np.flatnonzero(mask.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    rows, columns = (slice(max(0, s[0] - MARGIN), s[-1] + 1 + MARGIN) for s in sides)
    return slice(None), rows, columns


def _white(volume: Volume) -> float:
    return float(np.percentile(volume, WHITE)) or 1.0


def _gray(volume: Volume, white: float) -> Gray:
    return np.clip(np.rint(volume * (255 / white)), 0, 255).astype(np.uint8)


def jpeg(plane: Gray, quality: int) -> str:
    """A slice as JPEG in base64; the quality is on libjpeg's scale."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(plane)).save(
        buffer, "JPEG", quality=quality, optimize=True
    )
    return base64.b64encode(buffer.getvalue()).decode("ascii")
