"""A patient's volumes on T1w's grid: as the headers say where they lie, or registered to it.

A volume that lies on T1w's grid and is not moved is not interpolated for it. Every other one is
interpolated once, from its own voxels to those that are asked for. docs/alignment.md says what
that repairs, and what it cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)

from gfce.errors import UserError
from gfce.images.coverage import MIN_COVERAGE, inside, moved
from gfce.images.registration import Registration, register
from gfce.images.volumes import Image, resample_in_plane, same_geometry

How = Literal["none", "resample", "rigid"]
"""The values of `images.alignment`."""
Outcome = Literal["", "moved", "needless", "failed"]
"""What became of a registration (empty: there was none)."""
NOT_REGISTERED = "is not registered, but lies as its header says"
"""What is said of a volume whose registration failed."""
MAX_MOVEMENT_MM, MAX_ROTATION_DEG = 30.0, 20.0
"""The farthest that a head is moved: with more, a registration went astray, or the volumes are not
of one examination."""
MIN_MOVEMENT_VOXELS = 0.25
"""The least mean movement of the head along an axis for which a volume that lies on T1w's grid is
interpolated: less is within the error of registration, and interpolation blurs."""
DRAWN_ON = ("ce", "t1w", "t2w")
"""Whose grid a tumour mask may have: it goes with the first of them that has it. CE comes first,
because tumours are drawn on it and scored in it."""


@dataclass(frozen=True)
class Placement:
    """How a volume comes to T1w's grid.

    Attributes:
        on_grid: whether it lies on T1w's grid, by its header.
        registration: what a registration to T1w found (None: there was none, or it found nothing).
        outcome: what became of it; the volume is only moved where it says so.
        reason: why it is not moved.
    """

    on_grid: bool
    registration: Registration | None = None
    outcome: Outcome = ""
    reason: str = ""

    @property
    def movement(self) -> sitk.Euler3DTransform | None:
        """From places of T1w to those of the volume (None: they are the same)."""
        if self.registration is None or self.outcome != "moved":
            return None
        return self.registration.movement


@dataclass(frozen=True)
class Aligned:
    """A patient's volumes and tumour mask on one grid; how each volume but T1w came there."""

    images: dict[str, Image]
    tumour: Image | None
    placements: dict[str, Placement]


def align(
    images: Mapping[str, Image],
    how: How,
    matrix: tuple[int, int] | None = None,
    tumour: Image | None = None,
) -> Aligned:
    """Bring a patient's volumes to T1w's slices, resampled to `matrix` (rows, columns).

    Linear, masks nearest neighbour. One voxel beyond its field of view a volume goes on as at its
    border; farther out it is 0, or what it has nearest to that.

    Args:
        images: by modality, T1w among them, oriented (`gfce.images.volumes.orient`).
        how: `none` is for volumes that lie on one grid.
        matrix: rows and columns of a slice (None: those of T1w).
        tumour: a mask that lies on the grid of one of the volumes, oriented.

    Raises:
        UserError: the mask lies on none of the grids.
    """
    t1w = images["t1w"]
    grid = t1w if matrix is None else resample_in_plane(t1w, matrix)
    placements = {m: place(t1w, image, how) for m, image in images.items() if m != "t1w"}
    put = {m: _put(images[m], placement, grid, matrix) for m, placement in placements.items()}
    mask = None
    if tumour is not None:
        placement = placements.get(drawn_on(tumour, images), Placement(on_grid=True))
        mask = _put(tumour, placement, grid, matrix, labels=True)
    return Aligned({"t1w": grid, **put}, mask, placements)


def place(t1w: Image, image: Image, how: How) -> Placement:
    """How a volume comes to T1w's grid."""
    on_grid = how == "none" or same_geometry(t1w, image)
    if how != "rigid":
        return Placement(on_grid)
    try:
        found = register(t1w, image)
    except RuntimeError:  # SimpleITK's only one
        return Placement(on_grid, None, "failed", "too few voxels overlap")
    if failure := _failure(found, image):
        return Placement(on_grid, found, "failed", failure)
    if reason := _needless(found, t1w, on_grid):
        return Placement(on_grid, found, "needless", reason)
    return Placement(on_grid, found, "moved")


def drawn_on(tumour: Image, images: Mapping[str, Image]) -> str:
    """The modality that a tumour mask goes with: the first of `DRAWN_ON` that has its grid.

    Raises:
        UserError: none has.
    """
    for modality in DRAWN_ON:
        if modality in images and same_geometry(tumour, images[modality]):
            return modality
    raise UserError("tumour mask: lies on the grid of no volume: resample it to that of one")


def rotation_deg(movement: sitk.Euler3DTransform) -> float:
    """The angle by which a rigid movement turns, about whatever axis, degrees."""
    cosine = (np.trace(np.reshape(movement.GetMatrix(), (3, 3))) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _failure(found: Registration, image: Image) -> str:
    """Why a movement cannot be right (empty: it may be)."""
    distance, angle = found.distance_mm, rotation_deg(found.movement)
    if distance > MAX_MOVEMENT_MM or angle > MAX_ROTATION_DEG:
        limits = f"{MAX_MOVEMENT_MM:g} mm or {MAX_ROTATION_DEG:g} degrees"
        return f"{distance:.0f} mm and {angle:.0f} degrees, beyond {limits}"
    if inside(image, moved(found.head_mm, found.movement)).mean() < MIN_COVERAGE:
        return "the head would leave the field of view"
    return ""


def _needless(found: Registration, t1w: Image, on_grid: bool) -> str:
    """Why a movement gains nothing, or less than interpolation costs (empty: it gains)."""
    if found.after <= found.before:
        return "no more mutual information than by the headers"
    voxels = np.abs(found.shifts_mm @ np.reshape(t1w.GetDirection(), (3, 3))) / t1w.GetSpacing()
    if on_grid and voxels.mean(axis=0).max() < MIN_MOVEMENT_VOXELS:
        return f"{found.distance_mm:.2f} mm, less than {MIN_MOVEMENT_VOXELS:g} voxels on each axis"
    return ""


def _put(
    image: Image,
    placement: Placement,
    grid: Image,
    matrix: tuple[int, int] | None,
    *,
    labels: bool = False,
) -> Image:
    """A volume, or a mask that goes with it, on the grid of T1w's slices."""
    if placement.on_grid and placement.movement is None:
        return image if matrix is None else resample_in_plane(image, matrix, labels=labels)
    values = sitk.GetArrayViewFromImage(image)
    outside = float(np.clip(0, values.min(), values.max()))
    padded = sitk.ZeroFluxNeumannPad(image, [1] * 3, [1] * 3)
    if not labels:
        padded = sitk.Cast(padded, sitk.sitkFloat32)
    interpolator = sitk.sitkNearestNeighbor if labels else sitk.sitkLinear
    movement = placement.movement or sitk.Transform()
    return sitk.Resample(padded, grid, movement, interpolator, outside)
