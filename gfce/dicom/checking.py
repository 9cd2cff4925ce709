"""Whether an image has the voxels of its DICOM files in the places that these say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from gfce.dicom import tags
from gfce.dicom.frames import Frame, group
from gfce.dicom.headers import Header, read_all
from gfce.dicom.quiet import quietly
from gfce.dicom.stacks import Points, Stack, corners_of, is_in_order
from gfce.errors import UserError
from gfce.images.volumes import Image, to_array

SAME_PLACE_MM = 0.1
"""How far a corner may lie from where the DICOM files put it: rounding, not a shift."""
SAME_VALUE = 1e-4
"""How far an intensity may be from that of the file, as a share of the largest: rounding."""
DECODED = (
    *(ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, "", RLELossless),
    DeflatedExplicitVRLittleEndian,
)
"""Transfer syntaxes that pydicom decodes without further libraries."""


def check_image(image: Image, stack: Stack) -> None:
    """Compare an image with the files that it was converted from.

    Voxels are compared where pydicom decodes the transfer syntax. For the others size and corners
    must do, so that the images of a file must be in spatial order.

    Raises:
        UserError: size, place or voxels differ.
    """
    _check_places(image, stack)
    array = to_array(image)
    for header in stack.headers:
        if header.transfer_syntax in DECODED:
            _check_voxels(image, array, header)
        elif not is_in_order(header.frames):
            raise UserError(
                "its images are compressed and in no spatial order: export it uncompressed"
            )


def _check_places(image: Image, stack: Stack) -> None:
    first = stack.first
    size = sorted((first.columns, first.rows, len(stack.frames)))
    if sorted(image.GetSize()) != size:
        raise UserError(f"dcm2niix makes {image.GetSize()} voxels of {size}: leave it out")
    distances = np.linalg.norm(_corners(image)[:, None] - stack.corners[None], axis=2)
    if max(distances.min(axis=0).max(), distances.min(axis=1).max()) > SAME_PLACE_MM:
        raise UserError("dcm2niix puts it at another place than its files: leave it out")


def _corners(image: Image) -> Points:
    ends = [(0, length - 1) for length in image.GetSize()]
    indices = [(i, j, k) for i in ends[0] for j in ends[1] for k in ends[2]]
    return np.array([image.TransformIndexToPhysicalPoint(index) for index in indices])


def _check_voxels(image: Image, array: NDArray[np.float32], header: Header) -> None:
    largest = float(np.abs(array).max()) or 1.0
    for frame, pixels in zip(header.frames, _intensities(header), strict=True):
        plane = plane_of(image, array, frame, header)
        if np.abs(plane - pixels).max() > SAME_VALUE * largest:
            raise UserError("dcm2niix gives other voxels than its files hold: leave it out")


def _intensities(header: Header) -> NDArray[np.float64]:
    """The images of a file, (frame, row, column): stored values by RescaleSlope."""
    with quietly():
        try:
            dataset = read_all(header)
            stored = dataset.pixel_array.reshape(-1, header.rows, header.columns)
        except Exception:  # whatever a broken file does to the parser
            raise UserError("a file of it cannot be decoded: export it again") from None
        shared = tags.item(dataset, "SharedFunctionalGroupsSequence")
        per_frame = [*tags.items(dataset, "PerFrameFunctionalGroupsSequence")] or [dataset]
        scales = [_scale(dataset, groups, shared) for groups in per_frame]
    scale = np.array(scales)[..., None, None]
    return stored * scale[:, 0] + scale[:, 1]


def _scale(dataset: Dataset, groups: Dataset, shared: Dataset) -> tuple[float, float]:
    """Slope and intercept of a frame (PS3.3, C.7.6.16.2.9), or of the file (C.11.1)."""
    source = group(groups, shared, "PixelValueTransformationSequence") or dataset
    slope, intercept = (tags.number(source, f"Rescale{name}") for name in ("Slope", "Intercept"))
    return 1.0 if slope is None else slope, intercept or 0.0


def plane_of(
    image: Image, array: NDArray[np.float32], frame: Frame, header: Header
) -> NDArray[np.float32]:
    """The voxels of an image where a frame lies, (row, column) as the frame has them.

    Args:
        image: an image on the grid of the frame's series, its axes in any order.
        array: its voxels, (slice, row, column).
        frame: an image of a file.
        header: that file.
    """
    start, right, down, _ = (
        np.array(image.TransformPhysicalPointToIndex(corner.tolist()))
        for corner in corners_of(frame, header.rows, header.columns)
    )
    across, along = int(np.abs(right - start).argmax()), int(np.abs(down - start).argmax())
    plane = np.take(array, start[3 - across - along], axis=2 - (3 - across - along))
    # Arrays have the axes z, y, x: the remaining two stay in that order.
    plane = plane if along > across else plane.T
    return plane[:: int(np.sign(down - start)[along]), :: int(np.sign(right - start)[across])]
