"""The rows of quality.csv: what is measured of a patient's volumes."""

from __future__ import annotations

from typing import Any

from gfce.quality.enhancement import enhancement
from gfce.quality.fat import Fat, fat_ratio, find_fat, judge, judge_t1w
from gfce.quality.field_of_view import cut_slices, wrap_around
from gfce.quality.head import Head
from gfce.quality.intensities import quantiles, shares, snr, spike_slices
from gfce.quality.misalignment import misalignment

Row = dict[str, Any]
"""A row of quality.csv: one patient and modality."""


def measure(head: Head, indexed: Row) -> list[Row]:
    """The rows of a patient: what is measured of each volume, and how it lies to T1w.

    Args:
        head: the patient's resampled volumes: T1w and T2w at least.
        indexed: the patient's row of patients.csv.
    """
    apart = misalignment(head)
    return [row | apart.get(row["modality"], {}) for row in measure_volumes(head, indexed)]


def measure_volumes(head: Head, indexed: Row) -> list[Row]:
    """What is measured of each volume, one row for each modality that there is.

    The arguments are those of `measure`.
    """
    patient = {name: indexed[name] for name in ("patient_id", "institution")}
    shared = {**patient, **_geometry(head, indexed["voxel_mm"], int(indexed["slices"]))}
    fat = find_fat(head)
    return [
        {**shared, "modality": modality, **_measure(head, modality), **_fat(head, fat, modality)}
        for modality in head.volumes
    ]


def _geometry(head: Head, voxel_mm: str, slices: int) -> Row:
    """The field of view, and the matrix and voxels that the index found in the file.

    The index has the axes in the order of the file. Where its third axis is not that of the slices,
    rows and columns are left empty.
    """
    fov = dict(zip(("slices", "rows", "columns"), head.fov_mm, strict=True))
    row = {f"fov_{axis}_mm": round(length, 3) for axis, length in fov.items()}
    row |= {"slices": head.mask.shape[0], "slice_mm": round(head.spacing_mm[0], 4)}
    column_mm, row_mm, slice_mm = (float(length) for length in voxel_mm.split("x"))
    if slices == head.mask.shape[0] and abs(slice_mm / head.spacing_mm[0] - 1) < 0.01:
        row |= {"row_mm": row_mm, "column_mm": column_mm}
        row |= {"rows": round(fov["rows"] / row_mm), "columns": round(fov["columns"] / column_mm)}
    return row


def _measure(head: Head, modality: str) -> Row:
    volume, mask = head.volumes[modality], head.mask
    row: Row = {
        **quantiles(volume, mask),
        "head_share": float(mask.mean()),
        **shares(volume, mask),
        "cut_slices": cut_slices(mask),
        "wrap_around": wrap_around(volume, mask),
        "spike_slices": spike_slices(volume, mask),
        "snr": snr(volume, mask),
    }
    return row | (enhancement(head.volumes["t1w"], volume, mask) if modality == "ce" else {})


def _fat(head: Head, fat: Fat, modality: str) -> Row:
    if modality == "t1w":
        return {"bright_rim": fat.bright_rim, "fat_suppression": judge_t1w(fat)}
    ratio = fat_ratio(fat, head.volumes["t1w"], head.volumes[modality])
    return {"fat_ratio": ratio, "fat_suppression": judge(modality, ratio)}
