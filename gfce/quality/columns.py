"""The columns of quality.csv: name, type, unit and meaning, and when two values differ."""

from __future__ import annotations

from dataclasses import dataclass

from gfce.contract.table import Column, Table
from gfce.images.modalities import MODALITIES

YES, NO, CANNOT_SAY = ANSWERS = ("yes", "no", "cannot say")
"""Answers to whether fat is suppressed."""


@dataclass(frozen=True)
class Measured(Column):
    """A column of quality.csv.

    Attributes:
        tolerance: two patients of one institution may differ by it (None: they are not compared).
        relative: whether patients are compared by the logarithm, because the scale is arbitrary.
    """

    tolerance: float | None = None
    relative: bool = False


def _measured(
    name: str,
    type_: str,
    unit: str,
    meaning: str,
    tolerance: float | None = None,
    relative: bool = False,
    allowed: tuple[str, ...] = (),
) -> Measured:
    return Measured(name, type_, meaning, unit, None, None, allowed, tolerance, relative)


INTENSITY = "intensity of the file"
HEAD_SHARE_UNIT = "share of the head"

COLUMNS = (
    _measured("patient_id", "string", "", "Patient"),
    _measured("institution", "string", "", "Institution of participants.tsv"),
    _measured("modality", "string", "", "Volume of the patient", allowed=tuple(MODALITIES)),
    _measured("rows", "integer", "pixels", "Rows of a slice, as acquired or exported", 0.5),
    _measured("columns", "integer", "pixels", "Columns of a slice, as acquired or exported", 0.5),
    _measured("slices", "integer", "slices", "Slices", 0.5),
    _measured("row_mm", "number", "mm", "Distance of two rows, as exported", 0.005),
    _measured("column_mm", "number", "mm", "Distance of two columns, as exported", 0.005),
    _measured("slice_mm", "number", "mm", "Distance of two slices", 0.05),
    _measured("fov_rows_mm", "number", "mm", "Field of view, anterior to posterior", 2.0),
    _measured("fov_columns_mm", "number", "mm", "Field of view, right to left", 2.0),
    _measured("fov_slices_mm", "number", "mm", "Field of view, inferior to superior", 5.0),
    _measured("volume_min", "number", INTENSITY, "Smallest value of the volume"),
    _measured("volume_p1", "number", INTENSITY, "1st percentile of the volume"),
    _measured("volume_p50", "number", INTENSITY, "Median of the volume"),
    _measured("volume_p99", "number", INTENSITY, "99th percentile of the volume", 0.1, True),
    _measured("volume_max", "number", INTENSITY, "Largest value of the volume"),
    _measured("head_p5", "number", INTENSITY, "5th percentile in the head"),
    _measured("head_p25", "number", INTENSITY, "25th percentile in the head"),
    _measured("head_p50", "number", INTENSITY, "Median in the head", 0.1, True),
    _measured("head_p75", "number", INTENSITY, "75th percentile in the head"),
    _measured("head_p95", "number", INTENSITY, "95th percentile in the head", 0.1, True),
    _measured("head_share", "number", "share of the volume", "Voxels that are head", 0.05),
    _measured("clipped_share", "number", HEAD_SHARE_UNIT, "Voxels at the exact maximum", 0.002),
    _measured("negative_share", "number", HEAD_SHARE_UNIT, "Voxels below zero", 0.01),
    _measured("cut_slices", "number", "share of slices", "Slices whose border cuts the head", 0.1),
    _measured(
        *("wrap_around", "number", "share of the head's median"),
        "Signal in the air opposite to a cut, above that of other air (empty: no cut)",
        0.05,
    ),
    _measured(
        "spike_slices",
        "integer",
        "slices",
        "Slices much brighter or darker than those beside",
        0.15,
    ),
    _measured(
        *("snr", "number", ""),
        "Median of the head over the noise of the air (empty: the air holds no noise)",
        0.15,
        True,
    ),
    _measured(
        *("enhancement_p99", "number", "share of the CE head's median"),
        "99th percentile in the head of CE less its robust linear fit on T1w (CE only)",
        0.1,
    ),
    _measured(
        *("enhancement_spread", "number", ""),
        "Spread of that difference over the spread of CE, 0 for a copy of T1w (CE only)",
        0.05,
    ),
    _measured(
        *("bright_rim", "number", "share of the rim"),
        "Voxels 2 to 10 mm below the skin that are as bright on T1w as fat (T1w only)",
        0.1,
    ),
    _measured(
        *("fat_ratio", "number", ""),
        "Fat against other tissue, over the same on T1w (T2w and CE; empty: no fat is in view)",
        0.15,
    ),
    _measured(
        *("fat_suppression", "string", ""),
        "Whether fat is suppressed, judged by the images alone",
        allowed=ANSWERS,
    ),
    _measured(
        *("local_information", "number", ""),
        "Normalized mutual information with T1w, mean of patches of 30 mm (T2w and CE)",
        0.05,
        True,
    ),
    _measured(
        *("edge_distance_mm", "number", "mm"),
        "Mean distance from strong edges of T1w to the nearest edges (T2w and CE)",
        0.1,
    ),
    _measured(
        *("outlier", "string", ""),
        "Columns in which the volume is unlike those of its own institution, joined by ;",
    ),
)
"""Every column, in order."""

COMPARED = tuple(column for column in COLUMNS if column.tolerance is not None)
"""The columns in which a patient is compared with those of the own institution."""

TABLE = Table(
    name="cohort/quality",
    title="What the volumes are like",
    key=("patient_id", "modality"),
    columns=COLUMNS,
    is_of_patients=True,
)
