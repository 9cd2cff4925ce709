"""Which part of T1w's field of view another volume covers."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)
from numpy.typing import NDArray

from gfce.errors import UserError
from gfce.images.modalities import MODALITIES
from gfce.images.volumes import Image

MIN_COVERAGE = 0.5
"""The least share of T1w's field of view that another volume of the patient covers."""
PROBES = 24
"""Places along each axis of T1w's field of view that are looked at."""

Places = NDArray[np.float64]
"""Places in the patient, (point, 3), mm, LPS."""


def coverage(t1w: Image, image: Image, movement: sitk.Transform | None = None) -> float:
    """The share of T1w's field of view that a volume covers.

    `movement` takes places of T1w to those of the volume (None: they are the same).
    """
    steps = (np.arange(PROBES) + 0.5) / PROBES
    axes = [steps * length - 0.5 for length in t1w.GetSize()]
    probes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    places = probes @ _axes_mm(t1w).T + t1w.GetOrigin()
    return float(inside(image, moved(places, movement)).mean())


def check_coverage(t1w: Image, image: Image, modality: str) -> None:
    """Refuse a volume that lies beside T1w, as their headers say.

    Raises:
        UserError: it covers less than `MIN_COVERAGE` of T1w's field of view.
    """
    share = coverage(t1w, image)
    if share < MIN_COVERAGE:
        raise UserError(
            f"{MODALITIES[modality].title} covers {share:.0%} of T1w's field of view, less than "
            f"{MIN_COVERAGE:.0%}: export both with their place in the scanner"
        )


def inside(image: Image, places: Places) -> NDArray[np.bool_]:
    """Which places lie in a volume's field of view, (point,)."""
    indices = np.linalg.solve(_axes_mm(image), (places - image.GetOrigin()).T).T
    return np.asarray(((indices >= -0.5) & (indices <= np.subtract(image.GetSize(), 0.5))).all(1))


def moved(places: Places, movement: sitk.Transform | None) -> Places:
    """Where a movement takes places."""
    if movement is None:
        return places
    return np.asarray([movement.TransformPoint(place) for place in places.tolist()])


def _axes_mm(image: Image) -> NDArray[np.float64]:
    """The steps from a voxel to the next along x, y and z, as columns, mm."""
    return np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
