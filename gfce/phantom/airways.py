"""Air and the mucosa that lines it: nose, turbinates, sinuses, mastoid cells, pharynx."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfce.phantom.atlas import Atlas
from gfce.phantom.canvas import Box, Canvas
from gfce.phantom.fields import FloatArray
from gfce.phantom.measures import Mixture, Pair, Triple, measures, mixture
from gfce.phantom.shapes import Ellipsoid, Stack
from gfce.phantom.variation import Habitus


@dataclass(frozen=True)
class _Linings:
    """Thickness of the lining of each air space; where it is mucosa, that of ``Habitus.mucosa`` 1.

    Vestibule, sphenoid and frontal sinus and mouth have the same lining in every patient. Air
    keeps ``below_skin_mm`` from the surface of the head.
    """

    vestibule_mm: float
    nasal_cavity_mm: float
    sphenoid_sinus_mm: float
    frontal_sinus_mm: float
    mouth_mm: float
    oropharynx_mm: float
    nasopharynx_mm: float
    rosenmueller_mm: float
    below_skin_mm: float


@dataclass(frozen=True)
class _Turbinates:
    """The thin bone inside each turbinate, ``bone_depth_mm`` below its surface.

    ``bone`` is the fraction of bone in it.
    """

    inferior_bone_mm: float
    middle_bone_mm: float
    bone_depth_mm: float
    bone: float


@dataclass(frozen=True)
class _Septum:
    """The septum ends at ``end_y_mm`` behind; plate and plate with mucosa are given as halves.

    It follows, in part, a wave of amplitude ``deviation_mm`` and length 2 pi ``wave_mm`` that
    begins at ``wave_y_mm`` and moves on by ``wave_rad_per_mm`` with height.
    """

    end_y_mm: float
    plate_half_mm: float
    mucosa_half_mm: float
    deviation_mm: float
    wave_y_mm: float
    wave_mm: float
    wave_rad_per_mm: float


@dataclass(frozen=True)
class _MaxillarySinus:
    """Walls, lining and retained fluid of the maxillary sinus.

    Bone and cheek of ``cheek_mm`` remain in front of even a large one. Lining thicker than
    ``swollen_mm`` swells ``floor_swelling`` times as much at ``floor_z_mm``. Fluid reaches from
    behind to ``fluid_y_mm``, and by ``fluid_depth_mm`` further in a full sinus; it leaves
    ``fluid_wall_mm`` to the wall.
    """

    cheek_mm: float
    bone_mm: float
    lining_range_mm: Pair
    swollen_mm: float
    floor_swelling: float
    floor_z_mm: float
    floor_over_mm: float
    fluid_y_mm: float
    fluid_depth_mm: float
    fluid_wall_mm: float


@dataclass(frozen=True)
class _EthmoidCells:
    """Small air cells: thin walls where a random field of unit variance crosses zero.

    ``slope_mm`` is the distance from a wall per unit of the field and ``wall_half_mm`` half the
    thickness of the walls where ``Habitus.mucosa`` is 1; ``lining_mm`` surrounds all cells.
    """

    slope_mm: float
    wall_half_mm: float
    lining_mm: float


@dataclass(frozen=True)
class _MastoidCells:
    """Walls of the mastoid air cells, as ``_EthmoidCells``; ``wall_mucosa`` is their mucosa."""

    slope_mm: float
    wall_half_mm: float
    wall_mucosa: float


@dataclass(frozen=True)
class _EarCanal:
    """The skin that lines the ear canal."""

    skin_mm: float


@dataclass(frozen=True)
class _Adenoid:
    """An ellipsoid (x, y, z); patients whose adenoid grew by ``least_mm`` or less have none."""

    centre_mm: Triple
    radii_mm: Triple
    least_mm: float


def paint_airways(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    """Paint every air space and its lining."""
    _paint_mastoid(canvas, habitus)
    _paint_ear_canals(canvas, atlas)
    _paint_sinuses(canvas, habitus, atlas)
    _paint_nose(canvas, habitus, atlas)
    _paint_pharynx(canvas, habitus, atlas)


def _air(
    canvas: Canvas,
    stack: Stack,
    lining_mm: float,
    side: int = 1,
    lining: Mixture | None = None,
) -> tuple[Box, FloatArray] | None:
    """Paint one lined air space; return its box and the distance to the air."""
    skin_mm = measures(_Linings, "linings").below_skin_mm
    margin = np.array([-1.0, 1.0]) * (lining_mm + 1)
    box = canvas.window(stack.bounds + margin, side)
    if box is None:
        return None
    air = np.maximum(stack.distance(*canvas.at(box, side)), canvas.skin[box] + skin_mm)
    # The surface is rough by a fraction of a millimetre (standard deviation of the fields: 1).
    ragged = air + 0.45 * canvas.noise["fine"][box] + 0.6 * canvas.noise["medium"][box]
    canvas.paint(lining or "mucosa", air - np.float32(lining_mm), box)
    canvas.paint("air", ragged, box)
    return box, ragged


def _paint_nose(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    """Nasal cavity with septum and turbinates; one side is often more swollen (nasal cycle)."""
    linings, turbinates = measures(_Linings, "linings"), measures(_Turbinates, "turbinates")
    for side, vestibule in atlas.shapes("vestibule"):
        _air(canvas, vestibule, linings.vestibule_mm, side, mixture("vestibule"))
    painted = _air(canvas, atlas.shape("nasal_cavity"), linings.nasal_cavity_mm * habitus.mucosa)
    if painted is None:
        return
    for side in (1, -1):
        # A quarter of the swelling follows the patient's mucosa, the rest is the nasal cycle.
        swelling = habitus.turbinate[0 if side > 0 else 1] * (0.75 + 0.25 * habitus.mucosa)
        for name, bone_mm in (
            ("inferior_turbinate", turbinates.inferior_bone_mm),
            ("middle_turbinate", turbinates.middle_bone_mm),
        ):
            _paint_turbinate(canvas, atlas.shape(name, side), swelling, bone_mm, side)
    _paint_septum(canvas, painted)


def _paint_turbinate(
    canvas: Canvas, stack: Stack, swelling: float, bone_mm: float, side: int
) -> None:
    """One turbinate: it swells in thickness, little in length, round bone that stays."""
    turbinates = measures(_Turbinates, "turbinates")
    knots = stack.knots.copy()
    knots[:, 3] *= swelling
    knots[:, 4] *= 0.9 + 0.1 * swelling
    swollen = Stack(knots, stack.power, stack.taper, stack.bend)
    box = canvas.window(swollen.bounds, side)
    if box is None:
        return
    position = canvas.at(box, side)
    distance = swollen.distance(*position) + np.float32(0.3) * canvas.noise["fine"][box]
    canvas.paint("mucosa", distance, box)
    sheet = np.float32(stack.knots[:, 3].max() - turbinates.bone_depth_mm)
    bone = np.abs(stack.distance(*position) + sheet) - bone_mm / 2
    canvas.paint("cortical_bone", bone, box, strength=turbinates.bone)


def _paint_septum(canvas: Canvas, painted: tuple[Box, FloatArray]) -> None:
    """A slightly deviated plate of cartilage and bone between two sheets of mucosa."""
    septum = measures(_Septum, "nasal_septum")
    box, cavity = painted
    x, y, z = canvas.at(box)
    phase = (y - septum.wave_y_mm) / septum.wave_mm + septum.wave_rad_per_mm * z
    deviation = np.float32(septum.deviation_mm) * np.sin(phase)
    # The part of the wave that the septum follows.
    plate = np.abs(x - 0.7 * deviation)
    inside = np.maximum(cavity, y - septum.end_y_mm)
    canvas.paint("mucosa", np.maximum(plate - septum.mucosa_half_mm, inside), box)
    bone = np.maximum(plate - septum.plate_half_mm, inside)
    canvas.paint(mixture("septal_plate"), bone, box)


def _paint_sinuses(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    linings = measures(_Linings, "linings")
    for side in (1, -1):
        which = 0 if side > 0 else 1
        lining_mm, fluid = habitus.sinus_mucosa_mm[which], habitus.sinus_fluid[which]
        _paint_maxillary(canvas, atlas.shape("maxillary_sinus", side), lining_mm, fluid, side)
        _air(canvas, atlas.shape("sphenoid_sinus", side), linings.sphenoid_sinus_mm, side)
        _air(canvas, atlas.shape("frontal_sinus", side), linings.frontal_sinus_mm, side)
        _paint_ethmoid(canvas, habitus, atlas.shape("ethmoid", side), side)


def _paint_maxillary(
    canvas: Canvas, stack: Stack, lining_mm: float, fluid: float, side: int
) -> None:
    """Sinus with thin bright lining; retained fluid layers behind, as the patient lies supine."""
    sinus = measures(_MaxillarySinus, "maxillary_sinus")
    box = canvas.window(stack.bounds + np.array([-3.0, 3.0]), side)
    if box is None:
        return
    x, y, z = canvas.at(box, side)
    wall = np.maximum(stack.distance(x, y, z), canvas.skin[box] + sinus.cheek_mm)
    canvas.paint("cortical_bone", wall - sinus.bone_mm, box)
    canvas.paint("mucosa", wall, box)
    uneven = lining_mm * (1 + 0.6 * canvas.noise["coarse"][box] + 0.3 * canvas.noise["medium"][box])
    swelling = sinus.floor_swelling * np.float32(max(lining_mm - sinus.swollen_mm, 0))
    uneven += swelling * np.exp(-(((z - sinus.floor_z_mm) / sinus.floor_over_mm) ** 2))
    canvas.paint("air", wall + np.clip(uneven, *sinus.lining_range_mm), box)
    if fluid > 0:
        level = sinus.fluid_y_mm - sinus.fluid_depth_mm * fluid - y
        retained = np.maximum(wall + sinus.fluid_wall_mm, level)
        canvas.paint(mixture("sinus_fluid"), retained, box)


def _paint_ethmoid(canvas: Canvas, habitus: Habitus, stack: Stack, side: int) -> None:
    """A honeycomb of small air cells with thin walls."""
    cells = measures(_EthmoidCells, "ethmoid_cells")
    box = canvas.window(stack.bounds, side)
    if box is None:
        return
    distance = stack.distance(*canvas.at(box, side))
    wall_half_mm = cells.wall_half_mm * habitus.mucosa
    walls = np.abs(canvas.noise["medium"][box]) * cells.slope_mm - wall_half_mm
    canvas.paint(mixture("ethmoid_wall"), distance, box)
    canvas.paint("air", np.maximum(distance + cells.lining_mm, -walls), box)


def _paint_mastoid(canvas: Canvas, habitus: Habitus) -> None:
    """Mastoid air cells, dark unless they hold fluid."""
    mastoid, cells = measures(Ellipsoid, "mastoid"), measures(_MastoidCells, "mastoid_cells")
    for side in (1, -1):
        fluid = habitus.mastoid_fluid[0 if side > 0 else 1]
        box = canvas.window(mastoid.bounds, side)
        if box is not None:
            distance, field = mastoid.distance(*canvas.at(box, side)), canvas.noise["medium"][box]
            # The lower values of the field are air, the others stay bone.
            holes = np.maximum(distance, 1.5 * field - 0.2)
            canvas.paint({"air": 1 - fluid, "mucosa": fluid}, holes, box)
            web = np.maximum(distance, np.abs(field) * cells.slope_mm - cells.wall_half_mm)
            canvas.paint("mucosa", web, box, strength=cells.wall_mucosa)


def _paint_ear_canals(canvas: Canvas, atlas: Atlas) -> None:
    skin_mm = measures(_EarCanal, "ear_canal").skin_mm
    for side in (1, -1):
        _, tube = atlas.tubes["ear_canal", side]
        box = canvas.window(tube.bounds, side)
        if box is not None:
            canal = np.maximum(tube.distance(*canvas.at(box, side)), canvas.skin[box])
            canvas.paint("skin", np.maximum(canal - skin_mm, canvas.skin[box]), box)
            canvas.paint("air", canal, box)


def _paint_pharynx(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    """Nasopharynx with torus and lateral recess, oropharynx, epiglottis, mouth."""
    linings, wall, fold = measures(_Linings, "linings"), mixture("pharynx"), mixture("fold")
    _paint_adenoid(canvas, habitus)
    if habitus.mouth_open:
        _air(canvas, atlas.shape("mouth"), linings.mouth_mm, 1, wall)
    for name, lining_mm in (
        ("oropharynx", linings.oropharynx_mm),
        ("nasopharynx", linings.nasopharynx_mm),
    ):
        _air(canvas, atlas.shape(name), lining_mm * habitus.mucosa, 1, wall)
    for side, recess in atlas.shapes("rosenmueller"):
        _air(canvas, recess, linings.rosenmueller_mm * habitus.mucosa, side, wall)
        canvas.paint_shape(fold, atlas.shape("torus", side), side)
    canvas.paint_shape(fold, atlas.shape("epiglottis"))


def _paint_adenoid(canvas: Canvas, habitus: Habitus) -> None:
    """The adenoid, larger in depth and height by what this patient has of it."""
    adenoid = measures(_Adenoid, "adenoid")
    if habitus.adenoid_mm > adenoid.least_mm:
        x, y, z = adenoid.radii_mm
        radii = (x, y + habitus.adenoid_mm, z + habitus.adenoid_mm)
        canvas.paint_shape(mixture("adenoid"), Ellipsoid(adenoid.centre_mm, radii))
