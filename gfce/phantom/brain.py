"""Skull vault and brain: cortical folding, cerebellar folia, brainstem, ventricles, cisterns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfce.phantom.atlas import Atlas
from gfce.phantom.canvas import Box, Canvas
from gfce.phantom.contours import read_surface
from gfce.phantom.fields import FloatArray
from gfce.phantom.measures import Pair, Triple, measures, mixture
from gfce.phantom.shapes import OUTSIDE_MM, Region, coverage
from gfce.phantom.tables import read_table
from gfce.phantom.variation import Habitus

# Distance (mm) from a sulcus per unit of the folding field: one over its mean gradient at sulci.
_FOLD_SLOPE_MM = 5.0
# Further than the edge of any voxel reaches, and than any part of the brain is widened (mm).
_BEYOND_MM = 8
_WIDENED_MM = 4.0


@dataclass(frozen=True)
class _Skull:
    """Thickness of the vault, and how it is made of two cortical tables with marrow between.

    It has ``front_mm`` in front, ``occiput_mm`` more behind ``occiput_angle_rad`` (0 is in front)
    and ``vertex_mm`` more above ``vertex_z_mm`` up to ``vertex_angle_rad``. The diploe begins
    ``table_mm`` inside; its middle and half its thickness are parts of the whole.
    """

    front_mm: float
    occiput_mm: float
    occiput_angle_rad: float
    vertex_mm: float
    vertex_z_mm: float
    vertex_over_mm: float
    vertex_angle_rad: float
    variation: float
    table_mm: float
    diploe_middle: float
    diploe_half: float


@dataclass(frozen=True)
class _Tentorium:
    """A tent, highest at ``apex_z_mm`` in the midline, and the ridge of the petrous bone.

    Slopes are mm down per mm to the side or, behind ``back_y_mm``, to the back; the tent does not
    reach below ``edge_z_mm``, which rises by ``edge_slope``. ``apex_mm2`` rounds the apex off.
    """

    apex_z_mm: float
    apex_mm2: float
    side_slope: float
    back_y_mm: float
    back_slope: float
    edge_z_mm: float
    edge_slope: float
    ridge_y_mm: float
    ridge_slope: float


@dataclass(frozen=True)
class _Cerebrum:
    """Gaps, cortex and sulci; what is fluid is that of ``Habitus.atrophy`` 1.

    Fluid lies ``gap_mm`` wide under the skull (and over the parts inside ``skull_mm``). The falx,
    twice ``falx_mm`` thick, parts the hemispheres except between the two ``falx_open_y_mm``. Sulci
    open by ``sulcus_mm``, less ``sulcus_shut_mm``, at the surface and by nothing at their floor,
    ``sulcus_depth_mm`` below; their lining of cortex goes on to ``floor_cortex`` times that depth.
    ``sulcus_csf`` is the fraction of fluid in an open sulcus.
    """

    gap_mm: float
    falx_mm: float
    falx_open_y_mm: Pair
    tentorium_mm: float
    cortex_mm: float
    sulcus_cortex_mm: float
    sulcus_depth_mm: float
    sulcus_mm: float
    sulcus_shut_mm: float
    sulcus_csf: float
    floor_cortex: float
    skull_mm: float


@dataclass(frozen=True)
class _Cerebellum:
    """Gaps, folia and white core; what is fluid is that of ``Habitus.atrophy`` 1.

    The cerebellum lies behind ``front_y_mm``, less ``front_slope`` mm per mm to the side. Folia
    are shells ``folium_mm`` apart round ``folia_centre_mm`` (x, y); the core is an ellipse of
    ``core_mm`` along y and ``core_aspect`` times as much along x that shrinks by ``core_slope`` mm
    per mm above and below its centre (x, y, z). White matter and fluid fill the parts
    ``folium_white`` and ``fissure_csf`` of folia and fissures, which begin over ``folia_over_mm``
    outside the core.
    """

    gap_mm: float
    tentorium_mm: float
    front_y_mm: float
    front_slope: float
    folia_centre_mm: Pair
    folia_aspect: float
    folia_over_mm: float
    folium_mm: float
    folium_white: float
    fissure_csf: float
    fissure_depth_mm: float
    core_centre_mm: Triple
    core_mm: float
    core_aspect: float
    core_slope: float
    core_white: float
    core_edge_mm: float


def paint_brain(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    """Paint the skull vault, cerebrospinal fluid, cerebrum, cerebellum and brainstem."""
    box = canvas.window(measures(Region, "brain_region").bounds)
    if box is None:
        return
    x, y, z = canvas.at(box)
    cavity = read_surface("cranial_cavity").distance(x, y, z)
    if not (cavity < _BEYOND_MM).any():
        return
    _paint_skull(canvas, box, cavity)
    canvas.paint("csf", cavity, box)
    below = _infratentorial(x, y, z)
    _paint_cerebrum(canvas, box, cavity, below, habitus.atrophy)
    _paint_cerebellum(canvas, box, cavity, below, habitus.atrophy)
    _paint_parts(canvas, atlas, (box, cavity), habitus.atrophy)


def _paint_skull(canvas: Canvas, box: Box, cavity: FloatArray) -> None:
    """Two cortical tables with marrow (diploe) between; thin in front, thick at the occiput."""
    skull = measures(_Skull, "skull")
    x, y, z = canvas.at(box)
    angle = np.arctan2(np.abs(x), -(y - read_surface("cranial_cavity").axis_y))
    # The logistic curve rises from front to occiput within about one radian.
    back = 1 / (1 + np.exp(-(angle - skull.occiput_angle_rad) * 4))
    top = np.clip((z - skull.vertex_z_mm) / skull.vertex_over_mm, 0, 1)
    top = top * np.clip(skull.vertex_angle_rad - angle, 0, 1)
    thickness = skull.front_mm + skull.occiput_mm * back + skull.vertex_mm * top
    thickness = thickness * (1 + skull.variation * canvas.noise["coarse"][box])
    canvas.paint("cortical_bone", cavity - thickness, box)
    diploe = np.abs(cavity - thickness * skull.diploe_middle)
    diploe = diploe - (thickness * skull.diploe_half - skull.table_mm)
    canvas.paint("marrow", diploe, box)


def _infratentorial(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Distance (mm), negative under the tentorium and behind the petrous ridge."""
    tent = measures(_Tentorium, "tentorium")
    # Highest in the middle behind the midbrain, sloping to the transverse sinuses.
    roof = tent.apex_z_mm - tent.side_slope * np.sqrt(x * x + tent.apex_mm2)
    roof = roof - tent.back_slope * np.clip(y - tent.back_y_mm, 0, None)
    edge = tent.edge_z_mm + tent.edge_slope * np.clip(y, 0, None)
    # The factors, about the cosines of the slopes, turn distances along an axis into shortest ones.
    above = (z - np.maximum(roof, edge)) * np.float32(0.75)
    before = (tent.ridge_y_mm + tent.ridge_slope * np.abs(x) - y) * np.float32(0.9)
    return np.asarray(np.maximum(above, before), np.float32)


def _paint_cerebrum(
    canvas: Canvas,
    box: Box,
    cavity: FloatArray,
    below: FloatArray,
    atrophy: float,
) -> None:
    """Grey matter as a ribbon along surface and sulci, white matter inside."""
    brain = measures(_Cerebrum, "cerebrum")
    outside = _outside_cerebrum(canvas, box, cavity, below, atrophy)
    if not (outside < 0).any():
        return
    depth = -outside
    sulcus = np.abs(canvas.noise["fold"][box]) * np.float32(_FOLD_SLOPE_MM)
    relative = depth / brain.sulcus_depth_mm
    # Sulci are open at the surface and close towards their floor.
    open_mm = brain.sulcus_mm * atrophy * np.clip(1 - relative, 0, 1) - brain.sulcus_shut_mm
    lining = brain.sulcus_cortex_mm * np.clip(brain.floor_cortex - relative, 0, 1)
    ribbon = np.minimum(depth - brain.cortex_mm, sulcus - lining)
    # Soft edges, because the folding field is a distance only near the middle of a sulcus.
    canvas.paint("white_matter", outside, box)
    canvas.paint("grey_matter", np.maximum(outside, ribbon), box, softness_mm=2.2)
    fluid = np.maximum(outside, sulcus - open_mm)
    canvas.paint("csf", fluid, box, strength=brain.sulcus_csf, softness_mm=1.2)


def _outside_cerebrum(
    canvas: Canvas, box: Box, cavity: FloatArray, below: FloatArray, atrophy: float
) -> FloatArray:
    """Distance (mm) to the hemispheres: inside the skull, above the tentorium, beside the falx."""
    brain = measures(_Cerebrum, "cerebrum")
    x, y, _ = canvas.at(box)
    first, last = brain.falx_open_y_mm
    gap = np.float32(brain.gap_mm * atrophy)
    falx = np.float32(brain.falx_mm * atrophy) - np.abs(x)
    falx = np.where((y > last) | (y < first), falx, -OUTSIDE_MM)
    return np.maximum(np.maximum(cavity + gap, brain.tentorium_mm - below), falx)


def _paint_cerebellum(
    canvas: Canvas,
    box: Box,
    cavity: FloatArray,
    below: FloatArray,
    atrophy: float,
) -> None:
    """Folia as stripes parallel to the back of each hemisphere round a white core."""
    part = measures(_Cerebellum, "cerebellum")
    x, y, z = canvas.at(box)
    # The factor is the cosine of the slope.
    front = (part.front_y_mm - part.front_slope * np.abs(x) - y) * np.float32(0.94)
    inside = np.maximum(cavity + part.gap_mm * atrophy, below + part.tentorium_mm)
    outside = np.maximum(inside, front)
    if not (outside < 0).any():
        return
    stripes, core = _folia(canvas, box), _core(x, y, z)
    alpha = coverage(outside, max(1.2 * canvas.voxel_mm, 0.9))
    canvas.blend(mixture("cerebellum"), alpha, box)
    folia = np.clip(core / part.folia_over_mm, 0, 1) * alpha
    leaves = np.clip(stripes + 0.3 * canvas.noise["coarse"][box], 0, 1)
    canvas.blend("white_matter", part.folium_white * folia * leaves, box)
    # Fissures are the lowest part of the wave, and shallow out with depth.
    fissures = np.clip(-stripes - 0.55, 0, 1)
    fissures = fissures * np.clip(1.3 - np.abs(outside) / part.fissure_depth_mm, 0, 1)
    canvas.blend("csf", part.fissure_csf * atrophy * folia * fissures, box)
    canvas.blend("white_matter", part.core_white * alpha * coverage(core, part.core_edge_mm), box)


def _folia(canvas: Canvas, box: Box) -> FloatArray:
    """A wave between -1 (a fissure) and 1 (the white matter of a folium), slightly wavy."""
    part = measures(_Cerebellum, "cerebellum")
    x, y, _ = canvas.at(box)
    cx, cy = part.folia_centre_mm
    radius = np.hypot((np.abs(x) - cx) * part.folia_aspect, y - cy)
    radius = radius + 1.5 * canvas.noise["coarse"][box]
    wave = np.float32(2 * np.pi / part.folium_mm)
    return np.asarray(np.cos(radius * wave + 0.8 * canvas.noise["fine"][box]))


def _core(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Distance (mm) to the white core of the cerebellar hemispheres."""
    part = measures(_Cerebellum, "cerebellum")
    cx, cy, cz = part.core_centre_mm
    radius = np.hypot((np.abs(x) - cx) / part.core_aspect, y - cy)
    return np.asarray(radius + part.core_slope * np.abs(z - cz) - part.core_mm)


def _paint_parts(
    canvas: Canvas, atlas: Atlas, inside: tuple[Box, FloatArray], atrophy: float
) -> None:
    """Deep nuclei, cisterns, brainstem, ventricles and the Sylvian fissures, of brain_parts.csv.

    Each reaches ``mantle_mm`` beyond its sections, and fluid widens with atrophy: by
    ``widening_mm`` where atrophy is 2, not at all where it is 1.
    """
    cavity = np.full(canvas.x.shape, OUTSIDE_MM, np.float32)
    cavity[inside[0]] = inside[1]
    skull_mm = measures(_Cerebrum, "cerebrum").skull_mm
    for part in read_table("brain_parts.csv").to_dict("records"):
        grow = part["widening_mm"] - part["widening_mm"] * atrophy - part["mantle_mm"]
        for side, stack in atlas.shapes(part["structure"]):
            box = canvas.window(stack.bounds + np.array([-_WIDENED_MM, _WIDENED_MM]), side)
            if box is not None:
                distance = stack.distance(*canvas.at(box, side)) + np.float32(grow)
                distance = np.maximum(distance, cavity[box] + skull_mm)
                canvas.paint(mixture(part["tissue"]), distance, box)
