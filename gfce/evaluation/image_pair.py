"""A real and a synthetic image of any software's, with the regions that they are compared in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gfce.errors import UserError
from gfce.evaluation.given_images import called, check_same_grid, read_given
from gfce.images.arrays import Geometry, Mask, Volume
from gfce.images.foreground import foreground
from gfce.images.masks import check_mask, mask_labels
from gfce.images.volumes import Image, orient, to_array

SMALLEST = 11
"""Rows and columns that the window of SSIM needs."""
HEAD_OF_REAL = "found in REAL alone (Otsu 1979); a study finds it the same way in T1w and T2w"


@dataclass(frozen=True)
class ImagePair:
    """Two volumes on one grid, axial, in the units of their files, and masks.

    Attributes:
        real: float32 (slice, row, column).
        synthetic: the same.
        regions: masks by the names that metrics.csv has for them.
        origins: of each region, where its mask is from.
        geometry: of the volumes.
    """

    real: Volume
    synthetic: Volume
    regions: dict[str, Mask]
    origins: dict[str, str]
    geometry: Geometry

    @classmethod
    def read(
        cls,
        real: Path,
        synthetic: Path,
        *,
        mask: Path | None = None,
        label: int | None = None,
        head: Path | None = None,
    ) -> ImagePair:
        """Read two images and turn them to axial slices; no voxel is interpolated.

        Args:
            real: an image of any format that is read.
            synthetic: an image on the same grid.
            mask: the tumour (None: no such region).
            label: the number of the tumour's voxels (None: all that are not 0).
            head: the head (None: it is found in the real image).

        Raises:
            UserError: a file cannot be read, lies on another grid or is no mask, the real image is
                constant, or slices are too small. Arguments are named, not files.
        """
        reference = read_given("REAL", real)
        other = read_given("SYNTHETIC", synthetic, constant=True)
        advice = "resample SYNTHETIC to REAL's grid"
        check_same_grid(("REAL", "SYNTHETIC"), (reference, other), advice)
        axial = orient(reference)
        _check_size(axial)
        regions, origins = {}, {}
        found = _head(axial, head)
        if found.any():
            regions["foreground"] = found
            origins["foreground"] = "--head" if head else HEAD_OF_REAL
        if mask is not None:
            regions["tumour"] = _tumour(axial, mask, label)
            origins["tumour"] = "--mask" + ("" if label is None else f", label {label}")
        volumes = to_array(axial), to_array(orient(other))
        return cls(*volumes, regions, origins, Geometry.of(axial))


def _head(axial: Image, path: Path | None) -> Mask:
    """The head (slice, row, column): a mask of the user's, or found; then it may be empty."""
    if path is None:
        found = to_array(foreground(axial, axial)) > 0
        return found & ~found.all()  # all of it is no head
    given = _mask("--head", path, axial)
    with called("--head", path):
        if not mask_labels(given):
            raise UserError("no voxel is head: leave the mask out")
    return to_array(given) > 0


def _tumour(axial: Image, path: Path, label: int | None) -> Mask:
    given = _mask("--mask", path, axial)
    with called("--mask", path):
        return to_array(check_mask(given, path, label)) > 0


def _mask(argument: str, path: Path, axial: Image) -> Image:
    """The label image of a file, axial."""
    given = read_given(argument, path, constant=True)
    advice = "resample the mask to REAL's grid, by nearest neighbours"
    check_same_grid(("REAL", argument), (axial, given), advice)
    return orient(given)


def _check_size(axial: Image) -> None:
    columns, rows, _ = axial.GetSize()
    if min(rows, columns) < SMALLEST:
        raise UserError(
            f"REAL: axial slices of {rows} x {columns} pixels are smaller than the window of SSIM, "
            f"{SMALLEST} x {SMALLEST}: score larger slices"
        )
