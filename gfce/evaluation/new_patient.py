"""A patient of no study: T1w and T2w on a model's matrix, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)

from gfce.cohort.sidecars import FIELD_STRENGTH, plausible_field_t, read_object
from gfce.config import Images
from gfce.dicom.series_folder import read_series_folder
from gfce.dicom.stacks import Stack
from gfce.errors import UserError
from gfce.evaluation.given_images import called, check_same_grid, check_varies, read_given
from gfce.images.alignment import Placement, align
from gfce.images.arrays import Geometry, Mask, Volume
from gfce.images.coverage import check_coverage
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.foreground import foreground
from gfce.images.layout import extension
from gfce.images.modalities import INPUTS
from gfce.images.volume_statistics import VolumeStatistics
from gfce.images.volumes import (
    Image,
    orient,
    to_array,
    to_image,
)


@dataclass(frozen=True)
class NewPatient:
    """The two inputs of a patient on the model's matrix, as `gfce preprocess` would store them.

    Attributes:
        native: the T1w as it was read (of DICOM files, axes turned to LPS): its grid is that of
            the result.
        volumes: by modality, raw units, float32 (slice, row, column).
        head: (slice, row, column).
        geometry: of `volumes`.
        statistics: by modality, raw units.
        placement: how T2w came to the T1w's grid.
        series: by modality, the DICOM files of those that were read from a folder.
        field_strength_t: of the T1w, by its DICOM files or its sidecar (None: not known).
    """

    native: Image
    volumes: dict[str, Volume]
    head: Mask
    geometry: Geometry
    statistics: dict[str, VolumeStatistics]
    placement: Placement
    series: Mapping[str, Stack] = field(default_factory=dict)
    field_strength_t: float | None = None

    @classmethod
    def read(cls, t1w: Path, t2w: Path, images: Images) -> NewPatient:
        """Read two images; align and resample them as the model's training patients were.

        Each is an image file or a folder with one DICOM series.

        Raises:
            UserError: a file cannot be read, a folder holds no or several series, a volume is
                constant, the two are of two patients, lie on different grids (with an alignment:
                beside each other) or are the same image, or no head is found. Options are named,
                not files.
        """
        found = {"t1w": _read("t1w", t1w), "t2w": _read("t2w", t2w)}
        series = {modality: stack for modality, (_, stack) in found.items() if stack}
        _check_person(series)
        read = {modality: orient(image) for modality, (image, _) in found.items()}
        _check_pair(read, images)
        aligned = align(read, images.alignment, images.matrix)
        resampled = aligned.images
        volumes = {modality: to_array(image) for modality, image in resampled.items()}
        head = to_array(foreground(resampled["t1w"], resampled["t2w"])) > 0
        if not head.any():
            raise UserError("--t1w, --t2w: no head is found in them: look at the images")
        region = head if images.statistics_region == "foreground" else None
        statistics = {m: VolumeStatistics.of(volumes[m], head, region) for m in INPUTS}
        geometry = Geometry.of(resampled["t1w"])
        placement, strength = aligned.placements["t2w"], _field_strength(t1w, series.get("t1w"))
        native = found["t1w"][0]
        return cls(native, volumes, head, geometry, statistics, placement, series, strength)

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

    @property
    def native_spacing(self) -> tuple[float, float, float]:
        """Distances of columns, rows and axial slices as the file has them, mm."""
        x, y, z = orient(self.native).GetSpacing()
        return x, y, z


def _read(modality: str, path: Path) -> tuple[Image, Stack | None]:
    argument = f"--{modality}"
    if not path.is_dir():
        return read_given(argument, path), None
    with called(argument, path):
        series = read_series_folder(path)
        check_varies(series.image)
    return series.image, series.stack


def _field_strength(path: Path, stack: Stack | None) -> float | None:
    """The field strength by the header, or by the sidecar of the image's name, if there is one."""
    if stack is not None:
        return plausible_field_t(stack.acquisition.field_strength_t)
    stem = path.name[: len(path.name) - len(extension(path))]
    try:
        return plausible_field_t(read_object(path.with_name(f"{stem}.json")).get(FIELD_STRENGTH))
    except UserError:
        return None


def _check_person(series: Mapping[str, Stack]) -> None:
    if len({stack.first.identity.patient_id for stack in series.values()}) > 1:
        raise UserError("--t1w, --t2w: have two PatientIDs: name two series of one patient")


def _check_pair(images: dict[str, Image], settings: Images) -> None:
    t1w, t2w = (images[modality] for modality in INPUTS)
    if settings.alignment == "none":
        advice = "register T2w to T1w and resample it to T1w's grid"
        check_same_grid(("--t1w", "--t2w"), (t1w, t2w), advice)
    else:
        _check_places(t1w, t2w)
    if np.array_equal(to_array(t1w), to_array(t2w)):
        raise UserError("--t1w, --t2w: are the same image: name T1w and T2w")


def _check_places(t1w: Image, t2w: Image) -> None:
    try:
        check_coverage(t1w, t2w, "t2w")
    except UserError as error:
        raise UserError(f"--t1w, --t2w: {error}") from None
