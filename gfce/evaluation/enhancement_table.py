"""The table of what synthetic images show of the tumour and of other uptake: enhancement.csv."""

from __future__ import annotations

from gfce.contract.columns import COHORT_OF_SCORE, INSTITUTION, MODEL, PATIENT_ID, axes
from gfce.contract.table import Column, Table
from gfce.study import CELL_KEYS, MODEL_KEYS

IMAGES = {"real": "the real CE", "synthetic": "the synthetic CE"}


def _pair(
    name: str, meaning: str, unit: str = "1", minimum: float | None = None
) -> tuple[Column, ...]:
    """A number of both images."""
    return tuple(
        Column(f"{name}_{image}", "number", f"{meaning} of {title}", unit, minimum=minimum)
        for image, title in IMAGES.items()
    )


def _error(region: str) -> tuple[Column, Column]:
    name = f"enhancement_error_{region}"
    meaning = f"Mean absolute error of the enhancement map in the {region}"
    return (
        Column(name, "number", meaning, "1", minimum=0),
        Column(f"{name}_t1w", "number", f"{meaning}, of T1w itself", "1", minimum=0),
    )


def _volume(name: str, meaning: str) -> Column:
    return Column(name, "number", meaning, "ml", minimum=0)


NUMBERS = (
    _volume("tumour_ml", "Volume of the tumour mask"),
    *_pair("gain", "Median CE / T1w of soft tissue"),
    *_error("head"),
    *_error("tumour"),
    *_pair("enhancement_ratio", "Mean signal in the tumour over that of T1w"),
    *_pair("cnr", "Contrast-to-noise ratio of the tumour"),
    *_pair("enhancing_ml", "Volume of the head that enhances", "ml", 0),
    _volume("over_enhancement_ml", "Volume that enhances in the synthetic CE alone"),
    _volume("under_enhancement_ml", "Volume that enhances in the real CE alone"),
)

ENHANCEMENT_TABLE = Table(
    name="enhancement",
    title="Enhancement of every synthetic image against the real one",
    key=(*CELL_KEYS, "patient_id"),
    columns=(
        *axes(MODEL_KEYS),
        MODEL,
        *axes(["seed"]),
        INSTITUTION,
        COHORT_OF_SCORE,
        PATIENT_ID,
        *NUMBERS,
        Column("reason", "string", "Why values of the row are empty; empty: none is"),
    ),
    is_of_patients=True,
)
