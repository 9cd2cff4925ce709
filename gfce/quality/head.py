"""A patient's volumes as quality control sees them: with the head, and how deep a voxel lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from gfce.errors import UserError
from gfce.images.arrays import Mask, Volume
from gfce.images.modalities import MODALITIES
from gfce.images.store import StoredPatient


@dataclass(frozen=True)
class Head:
    """A patient of the store.

    Attributes:
        volumes: by modality, raw units, (slice, row, column).
        mask: the head, (slice, row, column).
        spacing_mm: of slices, rows and columns.
    """

    volumes: dict[str, Volume]
    mask: Mask
    spacing_mm: tuple[float, float, float]

    @classmethod
    def read(cls, folder: Path, patient_id: str) -> Head:
        """Read a patient from an institution's folder of the store.

        Raises:
            UserError: the patient is not there, or the file is damaged or has no head.
        """
        stored = StoredPatient(folder, patient_id)
        volumes = {modality: stored.volume(modality) for modality in MODALITIES}
        mask = stored.masks()["foreground"]
        if not mask.any():
            raise UserError(f"{patient_id}: no head was found: leave the patient out")
        x, y, z = stored.geometry.spacing
        return cls(volumes, mask, (z, y, x))

    @property
    def fov_mm(self) -> tuple[float, float, float]:
        """The field of view along slices, rows and columns."""
        z, y, x = (
            length * count for length, count in zip(self.spacing_mm, self.mask.shape, strict=True)
        )
        return z, y, x

    @cached_property
    def depth_mm(self) -> NDArray[np.float64]:
        """How far each voxel of the head is from the outside, within its slice (mm).

        0 outside the head. The border of the field of view is no outside: the head goes on there.
        """
        return np.stack([_depth(plane, self.spacing_mm[1:]) for plane in self.mask])


def _depth(plane: NDArray[np.bool_], spacing: tuple[float, float]) -> NDArray[np.float64]:
    if plane.all():
        return np.full(plane.shape, np.inf)
    return np.asarray(distance_transform_edt(plane, sampling=spacing), np.float64)
