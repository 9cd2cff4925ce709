"""A patient of no study: T1w and T2w from two files, on a model's matrix, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)

from gfce.config import Images
from gfce.errors import UserError
from gfce.images.alignment import Placement, align
from gfce.images.arrays import Geometry, Mask, Volume
from gfce.images.coverage import check_coverage
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.modalities import INPUTS
from gfce.images.reading import read_image
from gfce.images.volume_statistics import VolumeStatistics
from gfce.images.volumes import (
    Image,
    foreground,
    orient,
    same_geometry,
    to_array,
    to_image,
)


@dataclass(frozen=True)
class NewPatient:
    """The two inputs of a patient on the model's matrix, as `gfce preprocess` would store them.

    Attributes:
        native: the T1w as it was read: its grid is that of the result.
        volumes: by modality, raw units, float32 (slice, row, column).
        head: (slice, row, column).
        geometry: of `volumes`.
        statistics: by modality, raw units.
        placement: how T2w came to the T1w's grid.
    """

    native: Image
    volumes: dict[str, Volume]
    head: Mask
    geometry: Geometry
    statistics: dict[str, VolumeStatistics]
    placement: Placement

    @classmethod
    def read(cls, t1w: Path, t2w: Path, images: Images) -> NewPatient:
        """Read two images; align and resample them as the model's training patients were.

        Raises:
            UserError: a file cannot be read, a volume is constant, the two lie on different grids
                (with an alignment: beside each other) or are the same image, or no head is found.
                Options are named, not files.
        """
        native = {"t1w": _read("t1w", t1w), "t2w": _read("t2w", t2w)}
        read = {modality: orient(image) for modality, image in native.items()}
        _check_places(read) if images.alignment != "none" else _check_grids(read)
        _check_contents(read)
        aligned = align(read, images.alignment, images.matrix)
        resampled = aligned.images
        volumes = {modality: to_array(image) for modality, image in resampled.items()}
        head = to_array(foreground(resampled["t1w"], resampled["t2w"])) > 0
        if not head.any():
            raise UserError("--t1w, --t2w: no head is found in them: look at the images")
        region = head if images.statistics_region == "foreground" else None
        statistics = {m: VolumeStatistics.of(volumes[m], head, region) for m in INPUTS}
        geometry = Geometry.of(resampled["t1w"])
        placement = aligned.placements["t2w"]
        return cls(native["t1w"], volumes, head, geometry, statistics, placement)

    def normalized(self, modality: str, normalization: FittedNormalization) -> Volume:
        """A volume in normalized units, float32 (slice, row, column)."""
        with np.errstate(all="ignore"):  # what is not finite is refused by name
            volume = normalization.normalize(
                modality, self.volumes[modality], self.statistics[modality]
            )
        if not np.isfinite(volume).all():
            raise UserError(f"--{modality}: cannot be normalized: look at its intensities")
        return volume

    def on_own_grid(self, volume: Volume) -> Image:
        """Take a volume of the model's matrix (slice, row, column) to the T1w's own grid.

        Linear in plane; slices stay where they are, and the file's order of axes is restored,
        because voxels are found by their place in the patient.
        """
        resampler = sitk.ResampleImageFilter()
        resampler.SetReferenceImage(self.native)
        resampler.SetInterpolator(sitk.sitkLinear)
        # A coarser matrix ends half a voxel inside the field of view: its border goes on.
        resampler.SetUseNearestNeighborExtrapolator(True)
        return resampler.Execute(to_image(volume, self.geometry))

    @property
    def native_matrix(self) -> tuple[int, int]:
        """Rows and columns of an axial slice as the file has it."""
        columns, rows, _ = orient(self.native).GetSize()
        return rows, columns


def _read(modality: str, path: Path) -> Image:
    try:
        image = read_image(path)
        array = sitk.GetArrayViewFromImage(image)
        if array.min() == array.max():
            raise UserError(f"every voxel is {array.min():g}: export it again")
    except UserError as error:
        # A file's name may be the patient's.
        text = str(error).removeprefix(f"{path.name}: ")
        raise UserError(f"--{modality}: {text}") from None
    return image


def _check_grids(images: dict[str, Image]) -> None:
    if not same_geometry(images["t1w"], images["t2w"]):
        sizes = [" x ".join(map(str, images[modality].GetSize())) for modality in INPUTS]
        raise UserError(
            f"--t1w, --t2w: lie on different grids ({sizes[0]} and {sizes[1]} voxels, or other "
            "places): register T2w to T1w and resample it to T1w's grid"
        )


def _check_places(images: dict[str, Image]) -> None:
    try:
        check_coverage(images["t1w"], images["t2w"], "t2w")
    except UserError as error:
        raise UserError(f"--t1w, --t2w: {error}") from None


def _check_contents(images: dict[str, Image]) -> None:
    if np.array_equal(to_array(images["t1w"]), to_array(images["t2w"])):
        raise UserError("--t1w, --t2w: are the same image: name T1w and T2w")
