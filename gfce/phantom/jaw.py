"""Mandible body, tooth-bearing arches and teeth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfce.phantom.canvas import Box, Canvas
from gfce.phantom.fields import FloatArray
from gfce.phantom.measures import Pair, measures, mixture
from gfce.phantom.shapes import Region

TEETH = 15
"""Positions of a tooth on each dental arch; the middle one lies on the midline."""
# Positions further than this from the middle one hold molars.
_FRONT_TEETH = 3


@dataclass(frozen=True)
class _DentalArch:
    """Half an ellipse in front of ``centre_y_mm``, and the gums on it.

    ``half_width_mm`` is its half-axis along x, ``depth_mm`` that along y; the gums and the
    alveolar processes end at ``end_y_mm`` behind.
    """

    centre_y_mm: float
    half_width_mm: float
    depth_mm: float
    end_y_mm: float
    gums_half_mm: float
    gums_z_mm: Pair


@dataclass(frozen=True)
class _Process:
    """An alveolar process: half its thickness, its levels and its cortical bone."""

    half_mm: float
    z_mm: Pair
    cortex_mm: float


@dataclass(frozen=True)
class _Mandible:
    """The body of the mandible, an arch ``outside_mm`` outside the dental one.

    It flares by ``flare_x_mm`` and ``flare_y_mm`` over ``flare_over_mm`` below ``flare_z_mm``, and
    thickens by ``flare_half_mm``; behind ``angle_y_mm`` and below ``angle_z_mm`` it widens towards
    its angles by ``angle_x_mm``.
    """

    half_mm: float
    z_mm: Pair
    cortex_mm: float
    end_y_mm: float
    outside_mm: float
    flare_z_mm: float
    flare_over_mm: float
    flare_x_mm: float
    flare_y_mm: float
    flare_half_mm: float
    angle_y_mm: float
    angle_over_y_mm: float
    angle_z_mm: float
    angle_over_z_mm: float
    angle_x_mm: float


@dataclass(frozen=True)
class _Tooth:
    """Radii, levels and pulp of a pair of teeth, one above the other.

    The roots have ``root_width`` and the crowns, widest at ``crown_z_mm``, ``crown_width`` more of
    the radius; the pulp has all but ``pulp_depth`` of it. ``arch_part`` is where the first and the
    last tooth stand on the arch, as parts of its length.
    """

    molar_mm: float
    front_mm: float
    reach_mm: float
    reach_z_mm: Pair
    z_mm: Pair
    crown_z_mm: float
    crown_over_mm: float
    crown_width: float
    root_width: float
    pulp_z_mm: Pair
    pulp_depth: float
    pulp_mucosa: float
    arch_part: Pair


def _arch(
    x: FloatArray, y: FloatArray, a: float | FloatArray, b: float | FloatArray, end: float
) -> FloatArray:
    """Distance (mm) from the centre line of a U-shaped arch open to the back at y = ``end``.

    ``a`` and ``b`` (mm) are its half-axes along x and y.
    """
    u, v = x / a, np.minimum(y - measures(_DentalArch, "dental_arch").centre_y_mm, 0) / b
    q = np.sqrt(u * u + v * v) + np.float32(1e-6)
    gradient = np.sqrt((u / a) ** 2 + (v / b) ** 2) / q
    across = (q - 1) / (gradient + np.float32(1e-6))
    return np.asarray(np.hypot(across, np.clip(y - np.float32(end), 0, None)), np.float32)


def _band(z: FloatArray, limits: Pair) -> FloatArray:
    """Distance (mm) to the levels between two limits, negative between them."""
    low, high = limits
    return np.asarray(np.maximum(low - z, z - high), np.float32)


def paint_jaw(canvas: Canvas, missing: frozenset[int]) -> None:
    """Paint mandible, alveolar processes, gums and teeth; ``missing`` numbers absent teeth."""
    box = canvas.window(measures(Region, "jaw_region").bounds)
    if box is None:
        return
    _paint_bones(canvas, box)
    for index, centre in enumerate(_tooth_centres()):
        if index not in missing:
            _paint_tooth(canvas, centre, index)


def _paint_bones(canvas: Canvas, box: Box) -> None:
    """Gums, then all cortical bone, then all marrow, so that touching bones share it."""
    arch, mandible = measures(_DentalArch, "dental_arch"), measures(_Mandible, "mandible")
    x, y, z = canvas.at(box)
    alveoli = _arch(x, y, arch.half_width_mm, arch.depth_mm, arch.end_y_mm)
    bones = [(_mandible(x, y, z), mandible.cortex_mm)]
    for name in ("lower_alveolar_process", "upper_alveolar_process"):
        process = measures(_Process, name)
        bone = np.maximum(alveoli - process.half_mm, _band(z, process.z_mm))
        bones.append((bone, process.cortex_mm))
    gums = np.maximum(alveoli - arch.gums_half_mm, _band(z, arch.gums_z_mm))
    canvas.paint(mixture("gums"), gums, box)
    for bone, _ in bones:
        canvas.paint("cortical_bone", bone, box)
    for bone, cortex_mm in bones:
        canvas.paint("marrow", bone + cortex_mm, box)


def _mandible(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Distance (mm) to the body of the mandible."""
    arch, jaw = measures(_DentalArch, "dental_arch"), measures(_Mandible, "mandible")
    flare = np.clip((jaw.flare_z_mm - z) / jaw.flare_over_mm, 0, 1)
    back = np.clip((y - jaw.angle_y_mm) / jaw.angle_over_y_mm, 0, 1)
    low = np.clip((jaw.angle_z_mm - z) / jaw.angle_over_z_mm, 0, 1)
    half_width = arch.half_width_mm + jaw.outside_mm + jaw.flare_x_mm * flare
    half_width = half_width + jaw.angle_x_mm * back * low
    depth = arch.depth_mm + jaw.outside_mm + jaw.flare_y_mm * flare
    centre_line = _arch(x, y, half_width, depth, jaw.end_y_mm)
    half_thickness = jaw.half_mm + jaw.flare_half_mm * flare
    return np.maximum(centre_line - half_thickness, _band(z, jaw.z_mm))


def _tooth_centres() -> list[tuple[float, float]]:
    """The x and y (mm) of each tooth at equal arc length along the arch, from right to left."""
    arch, (first, last) = measures(_DentalArch, "dental_arch"), measures(_Tooth, "tooth").arch_part
    t = np.linspace(-np.pi / 2, np.pi / 2, 400)
    px, py = arch.half_width_mm * np.sin(t), arch.centre_y_mm - arch.depth_mm * np.cos(t)
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(px), np.diff(py)))])
    at = np.linspace(first, last, TEETH) * length[-1]
    return [(float(np.interp(s, length, px)), float(np.interp(s, length, py))) for s in at]


def _paint_tooth(canvas: Canvas, centre: tuple[float, float], index: int) -> None:
    """Crown and roots of the upper and the lower tooth: no signal but for the pulp."""
    cx, cy = centre
    tooth = measures(_Tooth, "tooth")
    radius = tooth.molar_mm if abs(index - TEETH // 2) > _FRONT_TEETH else tooth.front_mm
    reach = tooth.reach_mm
    region = Region((cx - reach, cx + reach), (cy - reach, cy + reach), tooth.reach_z_mm)
    box = canvas.window(region.bounds)
    if box is None:
        return
    x, y, z = canvas.at(box)
    crown = np.exp(-(((z - tooth.crown_z_mm) / tooth.crown_over_mm) ** 2))
    width = crown * tooth.crown_width + tooth.root_width
    distance = np.hypot(x - np.float32(cx), y - np.float32(cy)) - radius * width
    canvas.paint("cortical_bone", np.maximum(distance, _band(z, tooth.z_mm)), box)
    pulp = np.maximum(distance + radius * tooth.pulp_depth, _band(z, tooth.pulp_z_mm))
    canvas.paint("mucosa", pulp, box, strength=tooth.pulp_mucosa)
