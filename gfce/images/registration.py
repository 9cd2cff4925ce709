"""Rigid registration of two volumes of one head by mutual information.

Mattes et al., IEEE Trans. Med. Imaging 22:120 (2003) for the estimate of mutual information, on a
pyramid of three levels. Powell's search compares values alone: the metric's gradient leaves out
that samples leave the field of view, and follows that out of a slab of thick slices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)

from gfce.images.coverage import Places, moved
from gfce.images.foreground import foreground
from gfce.images.volumes import Image, resample, to_array

LEVELS_MM = (8.0, 4.0, 2.0)
"""Voxels of each level, where the image's own are smaller."""
BINS = 32
"""Of the joint histogram, on each axis."""
SAMPLES = 20_000
"""Voxels that the metric is taken of while searching, drawn once for each level."""
SEED = 2022
"""Of that draw."""
INTENSITIES = (0.5, 99.0)
"""Percentiles that intensities are clipped at, so that few bright voxels do not fill the bins."""
MARGIN_MM = 10.0
"""Air around the head that is compared as well: it holds the head's outline."""
RADIUS_MM = 80.0
"""A head's: a rotation of 1/80 is searched like a shift of 1 mm."""
TOLERANCE_MM = 0.02
"""Steps at which a search ends."""
FINER = 4
"""How many times smaller the first steps of a second try are."""
MOST_SWEEPS, MOST_STEPS = 10, 20
"""The most searches along all axes on a level, and the most steps along one of them."""


@dataclass(frozen=True)
class Registration:
    """What a registration found.

    Attributes:
        movement: from places in the fixed volume to those of the moving one, mm.
        before: mutual information with the places that the headers say, nats.
        after: mutual information with the movement, nats.
        head_mm: places in the head, (point, 3), mm.
    """

    movement: sitk.Euler3DTransform
    before: float
    after: float
    head_mm: Places

    @property
    def shifts_mm(self) -> Places:
        """How far the movement takes each place in the head, (point, 3), mm."""
        return moved(self.head_mm, self.movement) - self.head_mm

    @property
    def distance_mm(self) -> float:
        """How far the movement takes the head, on average."""
        return float(np.linalg.norm(self.shifts_mm, axis=1).mean())


def register(fixed: Image, moving: Image) -> Registration:
    """Find the movement with which two volumes of a head share the most information.

    One thread and a fixed draw of samples: the same volumes give the same numbers.

    Args:
        fixed: in its own place, any units.
        moving: as its header says where it lies, any units.

    Raises:
        RuntimeError: too few voxels of the two overlap, or no head is found.
    """
    fixed, moving = _clipped(fixed), _clipped(moving)
    head = foreground(fixed, fixed)
    places = _places(head)
    if not len(places):
        raise RuntimeError("no head")
    movement = sitk.Euler3DTransform()
    movement.SetCenter(_centre(fixed))
    start = sitk.Euler3DTransform(movement)
    for voxel_mm in LEVELS_MM:
        search = _search(fixed, moving, head, voxel_mm)
        movement = _found(search, movement, voxel_mm)
    before, after = (_all_voxels(search, transform) for transform in (start, movement))
    return Registration(movement, before, after, places)


@dataclass(frozen=True)
class _Level:
    method: sitk.ImageRegistrationMethod
    fixed: Image
    moving: Image


def _search(fixed: Image, moving: Image, head: Image, voxel_mm: float) -> _Level:
    """A level of the pyramid: the fixed volume is coarser there, the moving one only smoother."""
    coarse = _coarser(_smoothed(fixed, voxel_mm), voxel_mm)
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetNumberOfWorkUnits(1)
    method.SetMetricAsMattesMutualInformation(BINS)
    # Gradients are not used.
    method.MetricUseFixedImageGradientFilterOff()
    method.MetricUseMovingImageGradientFilterOff()
    method.SetMetricFixedMask(_on(_grown(head), coarse))
    share = SAMPLES / coarse.GetNumberOfPixels()
    if share < 1:
        method.SetMetricSamplingStrategy(method.RANDOM)
        method.SetMetricSamplingPercentage(share, SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerScales([RADIUS_MM] * 3 + [1.0] * 3)
    return _Level(method, coarse, _smoothed(moving, voxel_mm))


def _found(level: _Level, start: sitk.Transform, step_mm: float) -> sitk.Euler3DTransform:
    """The best movement of a level, with smaller first steps if these lead out of the volume.

    Raises:
        RuntimeError: small ones do, too.
    """
    for step in (step_mm, step_mm / FINER):
        movement = sitk.Euler3DTransform(start)
        level.method.SetOptimizerAsPowell(MOST_SWEEPS, MOST_STEPS, step, TOLERANCE_MM, 1e-5)
        level.method.SetInitialTransform(movement, inPlace=True)
        try:
            level.method.Execute(level.fixed, level.moving)
        except RuntimeError:
            continue
        return movement
    raise RuntimeError("too few voxels overlap")


def _all_voxels(level: _Level, movement: sitk.Transform) -> float:
    """Mutual information of all voxels of a level around the head, nats."""
    level.method.SetMetricSamplingStrategy(level.method.NONE)
    level.method.SetInitialTransform(movement)
    return -float(level.method.MetricEvaluate(level.fixed, level.moving))


def _clipped(image: Image) -> Image:
    low, high = np.percentile(sitk.GetArrayViewFromImage(image), INTENSITIES)
    return sitk.Clamp(sitk.Cast(image, sitk.sitkFloat32), sitk.sitkFloat32, float(low), float(high))


def _smoothed(image: Image, voxel_mm: float) -> Image:
    """Smoothed (SD half a voxel) along the axes whose voxels are smaller."""
    variance = [(voxel_mm / 2) ** 2 if mm < voxel_mm else 0.0 for mm in image.GetSpacing()]
    return sitk.DiscreteGaussian(image, variance, maximumKernelWidth=64)


def _coarser(image: Image, voxel_mm: float) -> Image:
    """A volume over the same field of view with voxels of about that size, or as it has them."""
    pairs = zip(image.GetSize(), image.GetSpacing(), strict=True)
    return resample(image, tuple(max(1, round(n * mm / max(mm, voxel_mm))) for n, mm in pairs))


def _grown(head: Image) -> Image:
    return sitk.BinaryDilate(head, [round(MARGIN_MM / mm) for mm in head.GetSpacing()])


def _on(mask: Image, grid: Image) -> Image:
    return sitk.Resample(mask, grid, sitk.Transform(), sitk.sitkNearestNeighbor)


def _centre(image: Image) -> tuple[float, ...]:
    middle = [(length - 1) / 2 for length in image.GetSize()]
    return tuple(image.TransformContinuousIndexToPhysicalPoint(middle))


def _places(head: Image) -> Places:
    """Places in the head on the coarsest level, (point, 3), mm."""
    coarse = _coarser(head, LEVELS_MM[0])
    indices = np.argwhere(to_array(coarse) >= 0.5)[:, ::-1]
    places = [coarse.TransformIndexToPhysicalPoint(index) for index in indices.tolist()]
    return np.asarray(places, dtype=np.float64).reshape(-1, 3)
