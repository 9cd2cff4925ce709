"""Arteries, veins and venous plexuses."""

from __future__ import annotations

import numpy as np

from gfce.phantom.atlas import Atlas
from gfce.phantom.canvas import Canvas
from gfce.phantom.shapes import Tube, ellipsoid

_BLOOD = ("slow_venous_blood", "venous_blood", "arterial_blood")
# Vessels keep this far from the surface of the skin (mm).
_BELOW_SKIN_MM = 3.0
_WALL_MM = 0.7


def paint_vessels(canvas: Canvas, atlas: Atlas) -> None:
    """Paint every vessel of both sides, veins before arteries."""
    _paint_cavernous(canvas)
    for blood in _BLOOD:
        for (_, side), (tissue, tube) in atlas.tubes.items():
            if tissue == blood:
                _paint_vessel(canvas, tissue, tube, side)


def _paint_vessel(canvas: Canvas, tissue: str, tube: Tube, side: int) -> None:
    box = canvas.window(tube.bounds, side)
    if box is None:
        return
    distance = tube.distance(*canvas.at(box, side))
    distance = np.maximum(distance, canvas.skin[box] + np.float32(_BELOW_SKIN_MM))
    if tissue == "arterial_blood":
        canvas.paint("muscle", distance - np.float32(_WALL_MM), box, strength=0.6)
    canvas.paint(tissue, distance, box)


def _paint_cavernous(canvas: Canvas) -> None:
    """The cavernous sinuses beside the sella and the pituitary gland between them."""
    bounds = np.array([[4.0, 21.0], [-14.0, 12.0], [24.0, 43.0]])
    for side in (1, -1):
        box = canvas.window(bounds, side)
        if box is not None:
            distance = ellipsoid(*canvas.at(box, side), (12.5, -1, 33), (5.5, 11, 7))
            canvas.paint({"slow_venous_blood": 0.8, "grey_matter": 0.2}, distance, box)
    box = canvas.window(np.array([[-8.0, 8.0], [-8.0, 8.0], [27.0, 42.0]]))
    if box is not None:
        gland = ellipsoid(*canvas.at(box), (0, -1, 34.5), (6.5, 5, 4))
        canvas.paint({"mucosa": 0.7, "white_matter": 0.3}, gland, box)
