"""Eyes and orbits: bony walls, orbital fat, globe, lens, optic nerve and eye muscles."""

from __future__ import annotations

import numpy as np

from gfce.phantom.atlas import Atlas
from gfce.phantom.canvas import Box, Canvas
from gfce.phantom.fields import FloatArray
from gfce.phantom.shapes import ellipsoid

_GLOBE = (31.0, -49.0, 37.0)
_GLOBE_MM = 12.0
_BOUNDS = np.array([[6.0, 52.0], [-68.0, -4.0], [16.0, 58.0]])

_MUSCLES = ("medial_rectus", "lateral_rectus", "superior_rectus", "inferior_rectus")


def paint_orbits(canvas: Canvas, atlas: Atlas) -> None:
    """Paint both orbits."""
    for side in (1, -1):
        box = canvas.window(_BOUNDS, side)
        if box is not None:
            _paint_orbit(canvas, atlas, box, side)


def _paint_orbit(canvas: Canvas, atlas: Atlas, box: Box, side: int) -> None:
    """Walls and fat, then what lies in the fat."""
    place = canvas.at(box, side)
    # Skin, lids and bone of the face stay in front of the orbital fat.
    fat = np.maximum(atlas.shape("orbit", side).distance(*place), -62.0 - place[1])
    canvas.paint("cortical_bone", np.maximum(fat - 0.9, -52.0 - place[1]), box)
    canvas.paint("fat", fat, box)
    for name in _MUSCLES:
        tissue, tube = atlas.tubes[name, side]
        canvas.paint(tissue, tube.distance(*place), box)
    tissue, nerve = atlas.tubes["optic_nerve", side]
    sheath = nerve.distance(*place)
    canvas.paint("csf", sheath - np.float32(0.7), box, strength=0.7)
    canvas.paint(tissue, sheath, box)
    _paint_globe(canvas, box, place)


def _paint_globe(
    canvas: Canvas,
    box: Box,
    place: tuple[FloatArray, FloatArray, FloatArray],
) -> None:
    globe = ellipsoid(*place, _GLOBE, (_GLOBE_MM,) * 3)
    canvas.paint("muscle", globe - np.float32(0.6), box)
    canvas.paint("vitreous", globe + np.float32(0.9), box)
    lens_centre = (_GLOBE[0] + 0.6, _GLOBE[1] - 7.6, _GLOBE[2])
    canvas.paint("lens", ellipsoid(*place, lens_centre, (4.6, 2.1, 4.6)), box)
