"""Whether an image has a possible geometry, and its header only one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from gfce.errors import UserError
from gfce.images.layout import Affine
from gfce.images.volumes import Image, corners

SPACING_MM = (0.01, 100.0)
"""The smallest and the largest distance between voxels that a head's image can have, mm."""
SAME_CORNER_MM = 0.1
"""How far apart a corner of a volume may be by two forms of a header, mm: rounding, not a shift."""
RIGHT_ANGLE = 1e-3
"""The largest cosine of two axes that are at right angles."""


def check_geometry(image: Image) -> None:
    """Refuse an image with impossible voxel sizes or axes.

    Raises:
        UserError: a distance between voxels is out of `SPACING_MM`, a number is not finite, or
            the axes are not at right angles.
    """
    spacing, direction = image.GetSpacing(), np.array(image.GetDirection()).reshape(3, 3)
    least, most = SPACING_MM
    if not all(least <= length <= most for length in spacing):
        size = " x ".join(f"{length:g}" for length in spacing)
        raise UserError(f"has voxels of {size} mm, not {least:g} to {most:g} mm: export it again")
    if not np.isfinite([*image.GetOrigin(), *direction.flat]).all():
        raise UserError("its place in space is not finite: export it again")
    if not np.allclose(direction.T @ direction, np.eye(3), rtol=0, atol=RIGHT_ANGLE):
        raise UserError("its axes are not at right angles: resample it to a grid with such axes")


def check_forms(image: Image, forms: Mapping[str, Affine]) -> None:
    """Refuse an image whose header gives it more than one position.

    `forms` are the header's, by name; SimpleITK's reading of them is compared too.

    Raises:
        UserError: a corner of the volume differs by more than `SAME_CORNER_MM`.
    """
    corners_by = {name: _corners_by(form, image) for name, form in forms.items()}
    corners_by["SimpleITK's reading"] = np.array(
        [image.TransformIndexToPhysicalPoint(corner) for corner in corners(image)]
    )
    for (first, a), (second, b) in combinations(corners_by.items(), 2):
        distance = float(np.linalg.norm(a - b, axis=1).max())
        if distance > SAME_CORNER_MM:
            raise UserError(
                f"its {first} and {second} disagree by {distance:.3g} mm: export it with one"
            )


def _corners_by(form: Affine, image: Image) -> Affine:
    indices = np.array([(*corner, 1) for corner in corners(image)])
    return (indices @ form.T)[:, :3]
