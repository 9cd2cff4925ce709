"""The columns of quality.csv: name, type, unit and meaning, and when two values differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gfce.images.modalities import MODALITIES
from gfce.quality.fat import ANSWERS


@dataclass(frozen=True)
class Column:
    """A column of quality.csv.

    Attributes:
        name: its header.
        type: of its cells.
        unit: of its cells (empty: none).
        meaning: one sentence.
        tolerance: two patients of one institution may differ by it (None: they are not compared).
        relative: whether patients are compared by the logarithm, because the scale is arbitrary.
        choices: what a cell may be (empty: anything).
    """

    name: str
    type: Literal["string", "integer", "number"]
    unit: str
    meaning: str
    tolerance: float | None = None
    relative: bool = False
    choices: tuple[str, ...] = ()


INTENSITY = "intensity of the file"
HEAD_SHARE_UNIT = "share of the head"

COLUMNS = (
    Column("patient_id", "string", "", "Patient"),
    Column("institution", "string", "", "Institution of participants.tsv"),
    Column("modality", "string", "", "Volume of the patient", choices=tuple(MODALITIES)),
    Column("rows", "integer", "pixels", "Rows of a slice, as acquired or exported", 0.5),
    Column("columns", "integer", "pixels", "Columns of a slice, as acquired or exported", 0.5),
    Column("slices", "integer", "slices", "Slices", 0.5),
    Column("row_mm", "number", "mm", "Distance of two rows, as exported", 0.005),
    Column("column_mm", "number", "mm", "Distance of two columns, as exported", 0.005),
    Column("slice_mm", "number", "mm", "Distance of two slices", 0.05),
    Column("fov_rows_mm", "number", "mm", "Field of view, anterior to posterior", 2.0),
    Column("fov_columns_mm", "number", "mm", "Field of view, right to left", 2.0),
    Column("fov_slices_mm", "number", "mm", "Field of view, inferior to superior", 5.0),
    Column("volume_min", "number", INTENSITY, "Smallest value of the volume"),
    Column("volume_p1", "number", INTENSITY, "1st percentile of the volume"),
    Column("volume_p50", "number", INTENSITY, "Median of the volume"),
    Column("volume_p99", "number", INTENSITY, "99th percentile of the volume", 0.1, True),
    Column("volume_max", "number", INTENSITY, "Largest value of the volume"),
    Column("head_p5", "number", INTENSITY, "5th percentile in the head"),
    Column("head_p25", "number", INTENSITY, "25th percentile in the head"),
    Column("head_p50", "number", INTENSITY, "Median in the head", 0.1, True),
    Column("head_p75", "number", INTENSITY, "75th percentile in the head"),
    Column("head_p95", "number", INTENSITY, "95th percentile in the head", 0.1, True),
    Column("head_share", "number", "share of the volume", "Voxels that are head", 0.05),
    Column("clipped_share", "number", HEAD_SHARE_UNIT, "Voxels at the exact maximum", 0.002),
    Column("negative_share", "number", HEAD_SHARE_UNIT, "Voxels below zero", 0.01),
    Column("cut_slices", "number", "share of slices", "Slices whose border cuts the head", 0.1),
    Column(
        *("wrap_around", "number", "share of the head's median"),
        "Signal in the air opposite to a cut, above that of other air (empty: no cut)",
        0.05,
    ),
    Column(
        "spike_slices",
        "integer",
        "slices",
        "Slices much brighter or darker than those beside",
        0.15,
    ),
    Column(
        *("snr", "number", ""),
        "Median of the head over the noise of the air (empty: the air holds no noise)",
        0.15,
        True,
    ),
    Column(
        *("enhancement_p99", "number", "share of the CE head's median"),
        "99th percentile in the head of CE less its robust linear fit on T1w (CE only)",
        0.1,
    ),
    Column(
        *("enhancement_spread", "number", ""),
        "Spread of that difference over the spread of CE, 0 for a copy of T1w (CE only)",
        0.05,
    ),
    Column(
        *("bright_rim", "number", "share of the rim"),
        "Voxels 2 to 10 mm below the skin that are as bright on T1w as fat (T1w only)",
        0.1,
    ),
    Column(
        *("fat_ratio", "number", ""),
        "Fat against other tissue, over the same on T1w (T2w and CE; empty: no fat is in view)",
        0.15,
    ),
    Column(
        *("fat_suppression", "string", ""),
        "Whether fat is suppressed, judged by the images alone",
        choices=ANSWERS,
    ),
    Column(
        *("outlier", "string", ""),
        "Columns in which the volume is unlike those of its own institution, joined by ;",
    ),
)
"""Every column, in order."""

COMPARED = tuple(column for column in COLUMNS if column.tolerance is not None)
"""The columns in which a patient is compared with those of the own institution."""
