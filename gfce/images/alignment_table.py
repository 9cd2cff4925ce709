"""alignment.csv: how the volumes of an institution came to T1w's grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gfce.contract.columns import PATIENT_ID
from gfce.contract.table import Column, Table
from gfce.images.alignment import Aligned, Placement, rotation_deg
from gfce.images.coverage import coverage
from gfce.images.volumes import Image

MOVED = tuple(
    Column(f"{name}_{axis}_{unit}", "number", f"{meaning} {axis}", unit)
    for name, unit, meaning in (
        ("rotation", "deg", "Rotation about axis"),
        ("shift", "mm", "Shift along axis"),
        ("centre", "mm", "Centre of the rotation on axis"),
    )
    for axis in "xyz"
)
"""A rigid movement: ITK's Euler3DTransform, x' = R (x - centre) + centre + shift in LPS."""

TABLE = Table(
    name="images/*/alignment",
    title="How T2w and CE came to the grid of T1w",
    key=("patient_id", "modality"),
    columns=(
        PATIENT_ID,
        Column("modality", "string", "Volume that was brought there", allowed=("t2w", "ce")),
        Column("on_grid", "boolean", "Whether the file has the grid of T1w"),
        Column(
            "registration",
            "string",
            "What became of the registration (empty: none was asked for)",
            allowed=("moved", "needless", "failed"),
        ),
        Column("reason", "string", "Why the registration did not move it"),
        Column("coverage", "number", "Share of T1w's field of view that it covers, as placed", "1"),
        Column("mi_before", "number", "Mutual information with T1w by the headers", "nat"),
        Column("mi_after", "number", "Mutual information with T1w as registered", "nat"),
        Column("distance_mm", "number", "Mean distance that the registration found", "mm"),
        Column("angle_deg", "number", "Angle that the registration found", "deg"),
        *MOVED,
    ),
)


def alignment_rows(
    patient_id: str, images: Mapping[str, Image], aligned: Aligned
) -> list[dict[str, Any]]:
    """The rows of a patient; `images` are the oriented volumes by modality."""
    return [
        {
            "patient_id": patient_id,
            "modality": modality,
            "coverage": coverage(images["t1w"], images[modality], placement.movement),
            **facts(placement),
        }
        for modality, placement in aligned.placements.items()
    ]


def facts(placement: Placement) -> dict[str, Any]:
    """How a volume came to T1w's grid, as columns of the table."""
    movement, found = placement.movement, placement.registration
    row: dict[str, Any] = {
        "on_grid": placement.on_grid,
        "registration": placement.outcome,
        "reason": placement.reason,
    }
    if found is not None:
        row |= {"mi_before": found.before, "mi_after": found.after}
        row |= {"distance_mm": found.distance_mm, "angle_deg": rotation_deg(found.movement)}
    if movement is not None:
        *angles, x, y, z = movement.GetParameters()
        values = [*np.degrees(angles).tolist(), x, y, z, *movement.GetCenter()]
        row |= {column.name: value for column, value in zip(MOVED, values, strict=True)}
    return row
