"""Stacks: the images of a series that lie above one another, and whether they make one volume.

A series may hold several stacks, such as the echoes of a dual-echo sequence or the water and fat
images of a Dixon sequence; files that differ in echo time or ImageType are told apart. Whatever
else differs within a stack makes it unusable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gfce.dicom.acquisitions import Acquisition
from gfce.dicom.frames import Frame
from gfce.dicom.headers import Header

Points = NDArray[np.float64]
SAME_DIRECTION = 1e-3
"""The largest difference of cosines of one orientation: what rounding makes of them."""
SAME_PLACE_MM = 0.01
"""Images closer than this lie at one position."""
SLICE_TOLERANCE = 0.02
"""How much distances of neighbouring slices may differ, as a share of the usual one."""
ASIDE_MM = 0.1
"""How far an image may lie aside of the line through the first image, along the normal."""
ORIENTATIONS = ("sagittal", "coronal", "axial")
"""By the axis (x, y, z) that the slices' normal is nearest to."""


class Slice(NamedTuple):
    """An image of a stack: its file, its place in that, counted from 1, and where it lies."""

    header: Header
    number: int
    frame: Frame

    @property
    def corners(self) -> Points:
        """The corner voxels, mm (corner, axis); LPS."""
        return corners_of(self.frame, self.header.rows, self.header.columns)


@dataclass(frozen=True)
class Stack:
    """Files of a series, and the images in them."""

    headers: tuple[Header, ...]
    label: str
    """The series' number, the part of it and a hash, as it is shown."""
    code: str
    """The hash alone, by which the user names it."""
    problem: str | None = None
    """Why it is no volume; None: it is one."""

    @property
    def frames(self) -> list[Frame]:
        """All images."""
        return [frame for header in self.headers for frame in header.frames]

    @cached_property
    def slices(self) -> list[Slice]:
        """The images of a stack without a problem, along the normal of their planes."""
        slices = [
            Slice(header, number, frame)
            for header in self.headers
            for number, frame in enumerate(header.frames, start=1)
        ]
        return [slices[index] for index in np.argsort(_heights(self.frames), kind="stable")]

    @property
    def first(self) -> Header:
        """The file that speaks for all."""
        return self.headers[0]

    @cached_property
    def orientation(self) -> str:
        """The plane that the images are nearest to; empty where they do not say."""
        orientation = self.frames[0].orientation if self.frames else None
        if orientation is None:
            return ""
        return ORIENTATIONS[int(np.abs(_normal(orientation)).argmax())]

    @cached_property
    def acquired(self) -> float | None:
        """When the first image was acquired, in seconds."""
        times = [header.acquisition.acquired for header in self.headers]
        return min((time for time in times if time is not None), default=None)

    @cached_property
    def acquisition(self) -> Acquisition:
        """The parameters, and whether images lie before and after the injection of the agent."""
        stages = {header.acquisition.stage for header in self.headers}
        stage = stages.pop() if len(stages) == 1 else "during"
        return replace(self.first.acquisition, stage=stage)

    @cached_property
    def corners(self) -> Points:
        """The eight corner voxels of a stack without a problem, mm (corner, axis); LPS."""
        return np.concatenate([self.slices[0].corners, self.slices[-1].corners])

    @cached_property
    def slice_distance_mm(self) -> float:
        """The distance of neighbouring slices of a stack without a problem."""
        return _usual_distance(self.frames)


def split(headers: Iterable[Header]) -> list[tuple[Header, ...]]:
    """The files of a series, apart by echo time and ImageType.

    Images in one file stay together.
    """
    parts: dict[tuple[object, ...], list[Header]] = {}
    for header in headers:
        [frame] = header.frames if len(header.frames) == 1 else [None]
        kind = (_rounded(frame.echo_time_ms), frame.image_type) if frame else ()
        parts.setdefault(kind, []).append(header)
    return [tuple(part) for _, part in sorted(parts.items(), key=lambda entry: repr(entry[0]))]


def find_problem(headers: Sequence[Header]) -> str | None:
    """Why files are not one volume, in words; None: they are."""
    frames = [frame for header in headers for frame in header.frames]
    cut = sum(not header.whole for header in headers)
    if cut:
        return f"{cut} of its {len(headers)} files are cut short: copy or export them again"
    if any(header.samples != 1 or header.photometric != "MONOCHROME2" for header in headers):
        return "its images are in colour or inverted"
    if any(header.annotated for header in headers):
        return "text is burned into its images, which may name the patient"
    matrices = Counter(f"{header.rows} x {header.columns}" for header in headers)
    if len(matrices) > 1:
        return f"images of several matrices ({', '.join(sorted(matrices))})"
    return (
        _problem_of_places(frames)
        or _problem_of_count(headers, len(frames))
        or _problem_of_declared_distance(headers[0].acquisition, _usual_distance(frames))
    )


def _problem_of_places(frames: list[Frame]) -> str | None:
    lost = sum(None in (frame.position, frame.orientation, frame.spacing) for frame in frames)
    if lost or not frames:
        return f"{lost} of its {len(frames)} images do not say where they lie"
    if _vary([frame.orientation for frame in frames], SAME_DIRECTION):
        return "images of several orientations"
    if _vary([frame.spacing for frame in frames], 1e-4):
        return "images of several pixel sizes"
    if len(frames) == 1:
        return "a single image"
    if not _is_at_right_angles(frames[0].orientation):
        return "its rows and columns are not at right angles"
    return _problem_of_distances(_in_order(frames))


def _problem_of_distances(frames: list[Frame]) -> str | None:
    gaps = np.diff(_heights(frames))
    if gaps.min() < SAME_PLACE_MM:
        positions = 1 + int((gaps >= SAME_PLACE_MM).sum())
        return f"{len(frames)} images at {positions} positions (echoes, phases or repetitions)"
    # A gap is a multiple of the least distance; of many gaps the median would be one.
    usual = float(gaps.min())
    missing = np.rint(gaps / usual) - 1
    uneven = np.abs(gaps - usual * (missing + 1)) > SLICE_TOLERANCE * usual
    if uneven.any():
        return f"its slices are {gaps.min():.3g} to {gaps.max():.3g} mm apart"
    if missing.any():
        return f"{int(missing.sum())} slices are missing (usual distance {usual:.3g} mm)"
    normal = _normal(frames[0].orientation)
    shifts = _positions(frames) - _positions(frames)[0]
    aside = np.linalg.norm(shifts - np.outer(shifts @ normal, normal), axis=1).max()
    return f"its slices lie up to {aside:.3g} mm aside of one another" if aside > ASIDE_MM else None


def _problem_of_count(headers: Sequence[Header], images: int) -> str | None:
    declared = headers[0].images_in_acquisition
    if declared is not None and declared > images and len(headers) == images:
        return f"{images} images of {declared} that its header speaks of"
    return None


def _problem_of_declared_distance(acquisition: Acquisition, usual: float) -> str | None:
    """Every second slice may be missing: then distances are even, but not as the header says."""
    declared, thickness = acquisition.distance_mm, acquisition.thickness_mm
    # Some scanners write the gap between slices here, which is less than their thickness.
    if not declared or declared < (thickness or 0) / 2:
        return None
    times = usual / declared
    if times > 1.5 and abs(times - round(times)) < SLICE_TOLERANCE:
        return f"its slices are {usual:.3g} mm apart, but by its header {declared:.3g} mm"
    return None


def _rounded(echo_time_ms: float | None) -> float | None:
    return None if echo_time_ms is None else round(echo_time_ms, 1)


def _vary(values: list[tuple[float, ...] | None], tolerance: float) -> bool:
    return bool(np.ptp(np.array(values, dtype=np.float64), axis=0).max() > tolerance)


def _is_at_right_angles(orientation: tuple[float, ...] | None) -> bool:
    axes = np.array(orientation).reshape(2, 3)
    return np.allclose(axes @ axes.T, np.eye(2), rtol=0, atol=SAME_DIRECTION)


def _normal(orientation: tuple[float, ...] | None) -> Points:
    axes = np.array(orientation, dtype=np.float64).reshape(2, 3)
    return np.cross(axes[0], axes[1])


def _positions(frames: list[Frame]) -> Points:
    return np.array([frame.position for frame in frames], dtype=np.float64)


def _heights(frames: list[Frame]) -> Points:
    """How far images lie along the normal, mm."""
    heights: Points = _positions(frames) @ _normal(frames[0].orientation)
    return heights


def _in_order(frames: list[Frame]) -> list[Frame]:
    return [frames[number] for number in np.argsort(_heights(frames), kind="stable")]


def _usual_distance(frames: list[Frame]) -> float:
    return float(np.median(np.diff(_heights(_in_order(frames)))))


def is_in_order(frames: Sequence[Frame]) -> bool:
    """Whether images follow each other in space as they do in their file."""
    steps = np.sign(np.diff(_heights(list(frames))))
    return bool((steps == steps[:1]).all())


def corners_of(frame: Frame, rows: int, columns: int) -> Points:
    """The corner voxels of an image: PS3.3, equation C.7.6.2.1-1."""
    along = np.array(frame.orientation, dtype=np.float64).reshape(2, 3)
    between_rows, between_columns = frame.spacing or (0.0, 0.0)
    start = np.array(frame.position, dtype=np.float64)
    right, down = along[0] * between_columns * (columns - 1), along[1] * between_rows * (rows - 1)
    return np.array([start, start + right, start + down, start + right + down])
