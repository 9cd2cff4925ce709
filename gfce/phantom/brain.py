"""Skull vault and brain: cortical folding, cerebellar folia, brainstem, ventricles, cisterns."""

from __future__ import annotations

import numpy as np

from gfce.phantom.atlas import Atlas
from gfce.phantom.canvas import Box, Canvas
from gfce.phantom.contours import read_surface
from gfce.phantom.fields import FloatArray
from gfce.phantom.shapes import OUTSIDE_MM, coverage
from gfce.phantom.variation import Habitus

_AXIS_Y = 48.0
# Distance (mm) from a sulcus per unit of the folding field: one over its mean gradient there.
_FOLD_SLOPE_MM = 5.0


def paint_brain(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    """Paint the skull vault, cerebrospinal fluid, cerebrum, cerebellum and brainstem."""
    bounds = np.array([[-78.0, 78.0], [-72.0, 124.0], [-14.0, 90.0]])
    box = canvas.window(bounds)
    if box is None:
        return
    x, y, z = canvas.at(box)
    cavity = read_surface("cranial_cavity", _AXIS_Y).distance(x, y, z)
    if not (cavity < 8).any():
        return
    _paint_skull(canvas, box, cavity)
    canvas.paint("csf", cavity, box)
    below = _infratentorial(x, y, z)
    _paint_cerebrum(canvas, box, cavity, below, habitus.atrophy)
    _paint_cerebellum(canvas, box, cavity, below, habitus.atrophy)
    _paint_midline(canvas, atlas, (box, cavity), habitus.atrophy)


def _paint_skull(canvas: Canvas, box: Box, cavity: FloatArray) -> None:
    """Two cortical tables with marrow (diploe) between; thin in front, thick at the occiput."""
    x, y, z = canvas.at(box)
    angle = np.arctan2(np.abs(x), -(y - np.float32(_AXIS_Y)))
    back = 1 / (1 + np.exp(-(angle - 1.75) * 4))
    top = np.clip((z - 50) / 10, 0, 1) * np.clip(1 - angle, 0, 1)
    thickness = (2.6 + 4.2 * back + 5 * top) * (1 + 0.15 * canvas.noise["coarse"][box])
    canvas.paint("cortical_bone", cavity - thickness, box)
    diploe = np.abs(cavity - thickness * 0.52) - (thickness * 0.48 - np.float32(1.25))
    canvas.paint("marrow", diploe, box)


def _infratentorial(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Distance (mm), negative under the tentorium and behind the petrous ridge."""
    # A tent: highest in the middle behind the midbrain, sloping to the transverse sinuses.
    roof = 54 - 0.62 * np.sqrt(x * x + 16) - 0.40 * np.clip(y - 50, 0, None)
    tent = (z - np.maximum(roof, 23 + 0.04 * np.clip(y, 0, None))) * np.float32(0.75)
    ridge = (16 + 0.36 * np.abs(x) - y) * np.float32(0.9)
    return np.asarray(np.maximum(tent, ridge), np.float32)


def _paint_cerebrum(
    canvas: Canvas,
    box: Box,
    cavity: FloatArray,
    below: FloatArray,
    atrophy: float,
) -> None:
    """Grey matter as a 3 mm ribbon along surface and sulci, white matter inside."""
    x, y, _ = canvas.at(box)
    gap = np.float32(1.15 * atrophy)
    falx = np.where((y > 55) | (y < 5), np.float32(0.9 * atrophy) - np.abs(x), -50)
    outside = np.maximum(np.maximum(cavity + gap, 0.6 - below), falx)
    if not (outside < 0).any():
        return
    depth = -outside
    pattern = np.abs(canvas.noise["fold"][box]) * np.float32(_FOLD_SLOPE_MM)
    # Sulci are open at the surface and close towards their floor, 12 to 18 mm deep.
    open_mm = 0.95 * atrophy * np.clip(1 - depth / 15, 0, 1) - 0.25
    ribbon = np.minimum(depth - 3.0, pattern - 3.4 * np.clip(1.25 - depth / 15, 0, 1))
    canvas.paint("white_matter", outside, box)
    canvas.paint("grey_matter", np.maximum(outside, ribbon), box, softness_mm=2.2)
    canvas.paint("csf", np.maximum(outside, pattern - open_mm), box, strength=0.85, softness_mm=1.2)


def _paint_cerebellum(
    canvas: Canvas,
    box: Box,
    cavity: FloatArray,
    below: FloatArray,
    atrophy: float,
) -> None:
    """Folia as stripes parallel to the back of each hemisphere round a white core."""
    x, y, z = canvas.at(box)
    front = (np.float32(38) - 0.34 * np.abs(x) - y) * np.float32(0.94)
    outside = np.maximum(np.maximum(cavity + 1.4 * atrophy, below + 0.4), front)
    if not (outside < 0).any():
        return
    side = np.abs(x)
    radius = np.hypot((side - 15) * 0.9, y - 46) + 1.5 * canvas.noise["coarse"][box]
    core = np.hypot((side - 19) / 1.4, (y - 55) / 1.0) + 0.35 * np.abs(z - 22) - 8.5
    stripes = np.cos(radius * np.float32(2 * np.pi / 4.6) + 0.8 * canvas.noise["fine"][box])
    alpha = coverage(outside, max(1.2 * canvas.voxel_mm, 0.9))
    canvas.blend({"grey_matter": 0.72, "white_matter": 0.28}, alpha, box)
    folia = np.clip(core / 6, 0, 1) * alpha
    leaves = np.clip(stripes + 0.3 * canvas.noise["coarse"][box], 0, 1)
    canvas.blend("white_matter", 0.4 * folia * leaves, box)
    fissures = np.clip(-stripes - 0.55, 0, 1) * np.clip(1.3 - np.abs(outside) / 22, 0, 1)
    canvas.blend("csf", 0.45 * atrophy * folia * fissures, box)
    canvas.blend("white_matter", 0.85 * alpha * coverage(core, 5.0), box)


def _paint_midline(
    canvas: Canvas, atlas: Atlas, inside: tuple[Box, FloatArray], atrophy: float
) -> None:
    """Cisterns, brainstem, ventricles and the Sylvian fissures."""
    brainstem = {"white_matter": 0.75, "grey_matter": 0.25}
    parts: tuple[tuple[str, str | dict[str, float], float, tuple[int, ...]], ...] = (
        ("hippocampus", "grey_matter", 0.0, (1, -1)),
        ("putamen", "grey_matter", 0.0, (1, -1)),
        ("thalamus", {"grey_matter": 0.7, "white_matter": 0.3}, 0.0, (1, -1)),
        ("cistern", "csf", 0.0, (1,)),
        ("suprasellar", "csf", 0.0, (1,)),
        ("peduncle", "white_matter", 0.0, (1, -1)),
        ("sylvian", "grey_matter", -3.0, (1, -1)),
        ("sylvian", "csf", 0.8 - 0.8 * atrophy, (1, -1)),
        ("temporal_horn", "csf", 0.6 - 0.6 * atrophy, (1, -1)),
        ("brainstem", brainstem, 0.0, (1,)),
        ("interpeduncular", "csf", 0.0, (1,)),
        ("fourth_ventricle", "csf", 0.3 - 0.3 * atrophy, (1,)),
        ("third_ventricle", "csf", 0.3 - 0.3 * atrophy, (1,)),
    )
    cavity = np.full(canvas.x.shape, OUTSIDE_MM, np.float32)
    cavity[inside[0]] = inside[1]
    for name, tissue, grow, sides in parts:
        for side in sides:
            stack = atlas.shape(name, side)
            box = canvas.window(stack.bounds + np.array([-4.0, 4.0]), side)
            if box is not None:
                distance = stack.distance(*canvas.at(box, side)) + np.float32(grow)
                canvas.paint(tissue, np.maximum(distance, cavity[box] + 0.5), box)
