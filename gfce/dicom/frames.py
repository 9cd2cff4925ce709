"""Where each image of a file lies, and what tells it from other images at the same place.

Sources: DICOM PS3.3, C.7.6.2 (Image Plane Module) and C.7.6.16.2 (Pixel Measures, Plane Position
and Plane Orientation macros of multi-frame images). Positions are in mm, in the patient's LPS axes.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from gfce.dicom import tags


@dataclass(frozen=True)
class Frame:
    """One image; None where the file does not say."""

    position: tuple[float, ...] | None
    """Centre of the first voxel (x, y, z), mm."""
    orientation: tuple[float, ...] | None
    """Direction in which columns increase, and that in which rows do (six cosines)."""
    spacing: tuple[float, ...] | None
    """Distance of rows and of columns, mm (the order of PixelSpacing)."""
    echo_time_ms: float | None
    image_type: tuple[str, ...]


def classic_frames(dataset: Dataset) -> tuple[Frame, ...]:
    """The image of a file of one image."""
    frame = Frame(
        tags.numbers(dataset, "ImagePositionPatient", 3),
        tags.numbers(dataset, "ImageOrientationPatient", 6),
        tags.numbers(dataset, "PixelSpacing", 2),
        tags.number(dataset, "EchoTime"),
        tags.codes(dataset, "ImageType"),
    )
    return (frame,)


def enhanced_frames(dataset: Dataset) -> tuple[Frame, ...]:
    """The images of a multi-frame file: what a frame does not say of itself holds for all."""
    shared = tags.item(dataset, "SharedFunctionalGroupsSequence")
    per_frame = tags.items(dataset, "PerFrameFunctionalGroupsSequence")
    return tuple(_frame(dataset, groups, shared) for groups in per_frame)


def group(groups: Dataset, shared: Dataset, keyword: str) -> Dataset:
    """A functional group of a frame, or the one that the frames share."""
    return tags.item(groups if keyword in groups else shared, keyword)


def _frame(dataset: Dataset, groups: Dataset, shared: Dataset) -> Frame:
    position = group(groups, shared, "PlanePositionSequence")
    orientation = group(groups, shared, "PlaneOrientationSequence")
    frame_type = group(groups, shared, "MRImageFrameTypeSequence")
    return Frame(
        tags.numbers(position, "ImagePositionPatient", 3),
        tags.numbers(orientation, "ImageOrientationPatient", 6),
        tags.numbers(group(groups, shared, "PixelMeasuresSequence"), "PixelSpacing", 2),
        tags.number(group(groups, shared, "MREchoSequence"), "EffectiveEchoTime"),
        tags.codes(frame_type, "FrameType") or tags.codes(dataset, "ImageType"),
    )
