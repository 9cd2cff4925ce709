"""Eyes and orbits: bony walls, orbital fat, globe, lens, optic nerve and eye muscles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfce.phantom.atlas import Atlas
from gfce.phantom.canvas import Box, Canvas
from gfce.phantom.fields import FloatArray
from gfce.phantom.measures import measures
from gfce.phantom.shapes import Ellipsoid, Region

_MUSCLES = ("medial_rectus", "lateral_rectus", "superior_rectus", "inferior_rectus")


@dataclass(frozen=True)
class _Orbit:
    """Limits and walls of the orbit, and the coats of what lies in it.

    ``fat_front_y_mm`` and ``wall_front_y_mm`` are where fat and bone end in front: skin, lids and
    bone of the face stay before them. ``sheath_mm`` is the sheath of the optic nerve, of which the
    fraction ``sheath_csf`` is cerebrospinal fluid; the coats of the globe lie from
    ``coat_outside_mm`` outside its radius to ``coat_inside_mm`` inside.
    """

    fat_front_y_mm: float
    wall_front_y_mm: float
    wall_mm: float
    sheath_mm: float
    sheath_csf: float
    coat_outside_mm: float
    coat_inside_mm: float


def paint_orbits(canvas: Canvas, atlas: Atlas) -> None:
    """Paint both orbits."""
    for side in (1, -1):
        box = canvas.window(measures(Region, "orbit_region").bounds, side)
        if box is not None:
            _paint_orbit(canvas, atlas, box, side)


def _paint_orbit(canvas: Canvas, atlas: Atlas, box: Box, side: int) -> None:
    """Walls and fat, then what lies in the fat."""
    orbit = measures(_Orbit, "orbit")
    x, y, z = canvas.at(box, side)
    fat = np.maximum(atlas.shape("orbit", side).distance(x, y, z), orbit.fat_front_y_mm - y)
    wall = np.maximum(fat - orbit.wall_mm, orbit.wall_front_y_mm - y)
    canvas.paint("cortical_bone", wall, box)
    canvas.paint("fat", fat, box)
    for name in _MUSCLES:
        tissue, tube = atlas.tubes[name, side]
        canvas.paint(tissue, tube.distance(x, y, z), box)
    tissue, tube = atlas.tubes["optic_nerve", side]
    nerve = tube.distance(x, y, z)
    canvas.paint("csf", nerve - orbit.sheath_mm, box, strength=orbit.sheath_csf)
    canvas.paint(tissue, nerve, box)
    _paint_globe(canvas, orbit, box, (x, y, z))


def _paint_globe(
    canvas: Canvas,
    orbit: _Orbit,
    box: Box,
    position: tuple[FloatArray, FloatArray, FloatArray],
) -> None:
    globe = measures(Ellipsoid, "globe").distance(*position)
    canvas.paint("muscle", globe - orbit.coat_outside_mm, box)
    canvas.paint("vitreous", globe + orbit.coat_inside_mm, box)
    canvas.paint("lens", measures(Ellipsoid, "lens").distance(*position), box)
