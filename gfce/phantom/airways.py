"""Air and the mucosa that lines it: nose, turbinates, sinuses, mastoid cells, pharynx."""

from __future__ import annotations

import numpy as np

from gfce.phantom.atlas import Atlas
from gfce.phantom.canvas import Box, Canvas
from gfce.phantom.fields import FloatArray
from gfce.phantom.shapes import Stack, ellipsoid
from gfce.phantom.variation import Habitus


def paint_airways(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    """Paint every air space and its lining."""
    _paint_mastoid(canvas, habitus, atlas)
    _paint_sinuses(canvas, habitus, atlas)
    _paint_nose(canvas, habitus, atlas)
    _paint_pharynx(canvas, habitus, atlas)


def _air(
    canvas: Canvas,
    stack: Stack,
    lining_mm: float,
    side: int = 1,
    mucosa: dict[str, float] | None = None,
) -> tuple[Box, FloatArray] | None:
    """Paint one lined air space; return its box and the distance to the air."""
    margin = np.array([-1.0, 1.0]) * (lining_mm + 1)
    box = canvas.window(stack.bounds + margin, side)
    if box is None:
        return None
    air = np.maximum(stack.distance(*canvas.at(box, side)), canvas.skin[box] + 1.0)
    ragged = air + 0.45 * canvas.noise["fine"][box] + 0.6 * canvas.noise["medium"][box]
    canvas.paint(mucosa or {"mucosa": 1.0}, air - np.float32(lining_mm), box)
    canvas.paint("air", ragged, box)
    return box, ragged


def _paint_nose(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    """Nasal cavity with septum and turbinates; one side is often more swollen (nasal cycle)."""
    lining = 1.3 * habitus.mucosa
    for side in (1, -1):
        _air(canvas, atlas.shape("vestibule", side), 0.8, side, {"skin": 0.7, "mucosa": 0.3})
    painted = _air(canvas, atlas.shape("nasal_cavity"), lining)
    if painted is None:
        return
    for side in (1, -1):
        swelling = habitus.turbinate[0 if side > 0 else 1] * (0.75 + 0.25 * habitus.mucosa)
        for name, core in (("inferior_turbinate", 0.9), ("middle_turbinate", 0.7)):
            _paint_turbinate(canvas, atlas.shape(name, side), swelling, core, side)
    _paint_septum(canvas, painted)


def _paint_turbinate(
    canvas: Canvas, stack: Stack, swelling: float, core_mm: float, side: int
) -> None:
    knots = stack.knots.copy()
    knots[:, 3] *= swelling
    knots[:, 4] *= 0.9 + 0.1 * swelling
    swollen = Stack(knots, stack.power, stack.taper, stack.bend)
    box = canvas.window(swollen.bounds, side)
    if box is None:
        return
    place = canvas.at(box, side)
    distance = swollen.distance(*place) + np.float32(0.3) * canvas.noise["fine"][box]
    canvas.paint("mucosa", distance, box)
    bone = np.abs(stack.distance(*place) + np.float32(stack.knots[:, 3].max() - 1.2)) - core_mm / 2
    canvas.paint("cortical_bone", bone, box, strength=0.35)


def _paint_septum(canvas: Canvas, painted: tuple[Box, FloatArray]) -> None:
    """A slightly deviated plate of cartilage and bone between two sheets of mucosa."""
    box, cavity = painted
    x, y, z = canvas.at(box)
    wave = np.float32(1.6) * np.sin((y + 40) / 14 + 0.08 * z)
    plate = np.abs(x - 0.7 * wave)
    inside = np.maximum(cavity, y + 14)
    canvas.paint("mucosa", np.maximum(plate - 1.9, inside), box)
    canvas.paint({"cartilage": 0.5, "cortical_bone": 0.5}, np.maximum(plate - 0.7, inside), box)


def _paint_sinuses(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    for side in (1, -1):
        which = 0 if side > 0 else 1
        lining = habitus.sinus_mucosa_mm[which]
        sinus = atlas.shape("maxillary_sinus", side)
        _paint_maxillary(canvas, sinus, lining, habitus.sinus_fluid[which], side)
        _air(canvas, atlas.shape("sphenoid_sinus", side), 0.8, side)
        _air(canvas, atlas.shape("frontal_sinus", side), 0.7, side)
        _paint_ethmoid(canvas, habitus, atlas, side)


def _paint_maxillary(
    canvas: Canvas, sinus: Stack, lining_mm: float, fluid: float, side: int
) -> None:
    """Sinus with thin bright lining; retained fluid layers behind, as the patient lies supine."""
    box = canvas.window(sinus.bounds + np.array([-3.0, 3.0]), side)
    if box is None:
        return
    x, y, z = canvas.at(box, side)
    # Bone and cheek remain in front of even a large sinus.
    wall = np.maximum(sinus.distance(x, y, z), canvas.skin[box] + np.float32(6.0))
    canvas.paint("cortical_bone", wall - np.float32(0.9), box)
    canvas.paint("mucosa", wall, box)
    uneven = lining_mm * (1 + 0.6 * canvas.noise["coarse"][box] + 0.3 * canvas.noise["medium"][box])
    uneven += 2.0 * np.float32(max(lining_mm - 1, 0)) * np.exp(-(((z + 4) / 5) ** 2))
    air = wall + np.clip(uneven, 0.3, 12)
    canvas.paint("air", air, box)
    if fluid > 0:
        level = -25.0 - 30.0 * fluid - y
        canvas.paint({"vitreous": 0.75, "mucosa": 0.25}, np.maximum(wall + 1.2, level), box)


def _paint_ethmoid(canvas: Canvas, habitus: Habitus, atlas: Atlas, side: int) -> None:
    """A honeycomb of small air cells: thin walls where a random field crosses zero."""
    shape = atlas.shape("ethmoid", side)
    box = canvas.window(shape.bounds, side)
    if box is None:
        return
    distance = shape.distance(*canvas.at(box, side))
    walls = np.abs(canvas.noise["medium"][box]) * 3.5 - 0.9 * habitus.mucosa
    canvas.paint({"mucosa": 0.8, "cortical_bone": 0.2}, distance, box)
    canvas.paint("air", np.maximum(distance + 0.8, -walls), box)


def _paint_mastoid(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    """Mastoid air cells (dark unless they hold fluid), middle ear and ear canal."""
    for side in (1, -1):
        fluid = habitus.mastoid_fluid[0 if side > 0 else 1]
        box = canvas.window(np.array([[40.0, 74.0], [22.0, 62.0], [-14.0, 26.0]]), side)
        if box is not None:
            place = canvas.at(box, side)
            cells = ellipsoid(*place, (57, 41, 6), (9.5, 11, 17))
            holes = np.maximum(cells, 1.5 * canvas.noise["medium"][box] - 0.2)
            canvas.paint({"air": 1 - fluid, "mucosa": fluid}, holes, box)
            web = np.maximum(cells, np.abs(canvas.noise["medium"][box]) * 3.0 - 0.5)
            canvas.paint("mucosa", web, box, strength=0.3)
        _, tube = atlas.tubes["ear_canal", side]
        box = canvas.window(tube.bounds, side)
        if box is not None:
            canal = tube.distance(*canvas.at(box, side))
            canal = np.maximum(canal, canvas.skin[box])
            canvas.paint("skin", np.maximum(canal - 1.0, canvas.skin[box]), box)
            canvas.paint("air", canal, box)


def _paint_pharynx(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    """Nasopharynx with torus and lateral recess, oropharynx, epiglottis, mouth."""
    wall = {"mucosa": 0.85, "muscle": 0.15}
    _paint_adenoid(canvas, habitus, atlas)
    if habitus.mouth_open:
        _air(canvas, atlas.shape("mouth"), 1.5, 1, wall)
    _air(canvas, atlas.shape("oropharynx"), 2.2 * habitus.mucosa, 1, wall)
    _air(canvas, atlas.shape("nasopharynx"), 2.4 * habitus.mucosa, 1, wall)
    for side in (1, -1):
        _air(canvas, atlas.shape("rosenmueller", side), 1.6 * habitus.mucosa, side, wall)
        _paint_fold(canvas, atlas.shape("torus", side), side)
    _paint_fold(canvas, atlas.shape("epiglottis"), 1)


def _paint_fold(canvas: Canvas, stack: Stack, side: int) -> None:
    """A fold of mucosa over cartilage that bulges into the airway."""
    box = canvas.window(stack.bounds, side)
    if box is not None:
        distance = stack.distance(*canvas.at(box, side))
        canvas.paint({"cartilage": 0.4, "mucosa": 0.6}, distance, box)


def _paint_adenoid(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    box = canvas.window(np.array([[-16.0, 16.0], [-14.0, 14.0], [-8.0, 22.0]]))
    if box is not None and habitus.adenoid_mm > 0.5:
        radii = (11.0, 4.0 + habitus.adenoid_mm, 7.0 + habitus.adenoid_mm)
        distance = ellipsoid(*canvas.at(box), (0, -2, 8), radii)
        canvas.paint({"mucosa": 0.75, "muscle": 0.25}, distance, box)
