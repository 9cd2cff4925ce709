"""Arteries, veins and venous plexuses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfce.phantom.atlas import Atlas
from gfce.phantom.canvas import Canvas
from gfce.phantom.measures import measures, mixture
from gfce.phantom.shapes import Ellipsoid, Tube

_BLOOD = ("slow_venous_blood", "venous_blood", "arterial_blood")


@dataclass(frozen=True)
class _Vessel:
    """How far vessels keep from the surface of the skin, and the muscular wall of arteries.

    ``wall_muscle`` is the fraction of muscle in the wall.
    """

    below_skin_mm: float
    wall_mm: float
    wall_muscle: float


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
    vessel = measures(_Vessel, "vessel")
    distance = tube.distance(*canvas.at(box, side))
    distance = np.maximum(distance, canvas.skin[box] + vessel.below_skin_mm)
    if tissue == "arterial_blood":
        canvas.paint("muscle", distance - vessel.wall_mm, box, strength=vessel.wall_muscle)
    canvas.paint(tissue, distance, box)


def _paint_cavernous(canvas: Canvas) -> None:
    """The cavernous sinuses beside the sella and the pituitary gland between them."""
    for side in (1, -1):
        sinus = measures(Ellipsoid, "cavernous_sinus")
        canvas.paint_shape(mixture("cavernous_sinus"), sinus, side)
    canvas.paint_shape(mixture("pituitary"), measures(Ellipsoid, "pituitary"))
