"""The tabulated part of the anatomy: cross-sections of organs and the courses of vessels.

Atlas coordinates are millimetres from the centre of the nasopharynx along the patient's axes (LPS).
``structures.csv`` says what each structure is, ``sections.csv`` its cross-section at each level;
``tubes.csv`` lists vessels, eye muscles, optic nerve and ear canal, ``courses.csv`` their points
and radii. The column ``source`` is explained in ``sources.csv``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gfce.phantom.canvas import Box, Canvas
from gfce.phantom.fields import FloatArray
from gfce.phantom.measures import Mixture, Pair, Triple, measures
from gfce.phantom.shapes import OUTSIDE_MM, Stack, Tube
from gfce.phantom.tables import read_table
from gfce.phantom.variation import Habitus


@dataclass(frozen=True)
class _Muscles:
    """Fat between and in the muscles, and how far under the skin those of expression lie.

    ``fat_plane_mm`` is the width of the fat between neighbours and ``fat_plane_variation`` its
    relative standard deviation; septa of at most ``septum_fat`` part bundles ``bundle_mm`` wide,
    fading out over ``septum_over_mm`` towards its surface.
    """

    fat_plane_mm: float
    fat_plane_variation: float
    bundle_mm: float
    septum_fat: float
    septum_over_mm: float
    below_skin_mm: float


@dataclass(frozen=True)
class _StructureSpread:
    """How structures of variation 1 differ between patients: standard deviations and limits.

    ``shift_mm`` is that of the position (z, x, y), multiplied by the variation up to
    ``shift_limit`` and by ``midline`` for x of midline structures; ``size`` is that of the
    half-axes, relative.
    """

    shift_mm: Triple
    shift_limit: float
    midline: float
    size: float
    size_range: Pair
    angle_deg: float


@dataclass(frozen=True)
class _TubeSpread:
    """How tubes differ between patients: standard deviations and limits.

    Points nearer to the midline than ``midline_mm`` do not move; ``log_size`` is the
    standard deviation of the logarithm of the radius.
    """

    shift_mm: float
    midline_mm: float
    log_size: float
    size_range: Pair


@dataclass(frozen=True)
class Structure:
    """One structure of one side of one patient; ``side`` is 1 (left or midline) or -1 (right).

    ``rim_mm`` is the thickness of cortical bone round it and ``reach_mm`` how far a muscle grows
    towards its neighbours.
    """

    name: str
    stage: str
    tissue: Mixture
    side: int
    rim_mm: float
    reach_mm: float
    stack: Stack


@dataclass(frozen=True)
class Atlas:
    """The tabulated anatomy with one patient's sizes and positions, in painting order.

    ``tubes`` maps (name, side) to the tissue and the course of a vessel, nerve or canal.
    """

    structures: tuple[Structure, ...]
    tubes: Mapping[tuple[str, int], tuple[str, Tube]]

    @classmethod
    def random(cls, rng: np.random.Generator, habitus: Habitus) -> Atlas:
        """Draw one patient's version of the tables."""
        return cls(_draw_structures(rng, habitus), _draw_tubes(rng, habitus))

    def shape(self, name: str, side: int = 1) -> Stack:
        """Return the shape of one structure."""
        return next(s.stack for s in self.structures if s.name == name and s.side == side)

    def shapes(self, name: str) -> list[tuple[int, Stack]]:
        """Return side and shape of one structure wherever it is: left and right, or midline."""
        return [(s.side, s.stack) for s in self.structures if s.name == name]

    def present(self, canvas: Canvas, stage: str) -> Iterator[tuple[Structure, Box]]:
        """Yield the structures of a stage that the planes cut, each with its box."""
        for structure in self.structures:
            if structure.stage == stage:
                margin = np.array([-1.0, 1.0]) * structure.reach_mm
                box = canvas.window(structure.stack.bounds + margin, structure.side)
                if box is not None:
                    yield structure, box


@cache
def _groups(name: str, key: str, *columns: str) -> Mapping[str, npt.NDArray[np.float64]]:
    """The rows (point, column) of each structure or tube in a table. Shared: do not change them."""
    groups = read_table(name).groupby(key, sort=False)
    return {str(label): group[list(columns)].to_numpy(float) for label, group in groups}


def _draw_structures(rng: np.random.Generator, habitus: Habitus) -> tuple[Structure, ...]:
    knots = _groups("sections.csv", "structure", "z", "x", "y", "a", "b", "angle")
    drawn = []
    for row in read_table("structures.csv").to_dict("records"):
        for side in (1, -1) if row["side"] == "both" else (1,):
            varied = _vary(knots[row["structure"]], row, rng, habitus)
            drawn.append(
                Structure(
                    name=row["structure"],
                    stage=row["stage"],
                    tissue=_mixture(row),
                    side=side,
                    rim_mm=float(row["rim_mm"]),
                    reach_mm=float(row["reach_mm"]),
                    stack=Stack(
                        varied, int(row["power"]), float(row["taper"]), float(row["bend_mm"])
                    ),
                )
            )
    return tuple(drawn)


def _mixture(row: Mapping[Any, Any]) -> Mixture:
    part = float(row["mixed_fraction"])
    whole = {str(row["tissue"]): 1.0 - part}
    return {**whole, str(row["mixed_with"]): part} if row["mixed_with"] else whole


def _vary(
    knots: npt.NDArray[np.float64],
    row: Mapping[Any, Any],
    rng: np.random.Generator,
    habitus: Habitus,
) -> npt.NDArray[np.float64]:
    """Move and scale one structure; midline structures stay on the midline."""
    spread, amount = measures(_StructureSpread, "structure_spread"), float(row["variation"])
    varied = knots.copy()
    # Positions vary less than sizes: a big sinus is still in the maxilla.
    shift = rng.normal(0.0, spread.shift_mm, 3) * min(amount, spread.shift_limit)
    if row["side"] == "mid":
        shift[1] *= spread.midline
    varied[:, :3] += shift
    varied[:, 3:5] *= np.clip(rng.normal(1.0, spread.size * amount, 2), *spread.size_range)
    if row["stage"] == "muscle":
        varied[:, 3] *= habitus.muscle
    varied[:, 5] += rng.normal(0.0, spread.angle_deg) * (row["side"] == "both")
    return varied


def _draw_tubes(
    rng: np.random.Generator, habitus: Habitus
) -> dict[tuple[str, int], tuple[str, Tube]]:
    spread = measures(_TubeSpread, "tube_spread")
    courses = _groups("courses.csv", "tube", "x", "y", "z", "radius")
    drawn = {}
    for row in read_table("tubes.csv").to_dict("records"):
        name, points = str(row["tube"]), courses[row["tube"]]
        for side in (1, -1):
            free = np.abs(points[:, :1]) > spread.midline_mm
            shift = np.array([*rng.normal(0.0, spread.shift_mm, 2), 0.0]) * free
            size = float(np.clip(rng.lognormal(0.0, spread.log_size), *spread.size_range))
            if name == "internal_jugular":
                size *= habitus.jugular[0 if side > 0 else 1]
            tube = Tube(points[:, :3] + shift, points[:, 3] * size)
            drawn[name, side] = (str(row["tissue"]), tube)
    return drawn


def paint_stage(canvas: Canvas, atlas: Atlas, stage: str) -> None:
    """Paint one stage: all cortical rims first, so that touching bones share their marrow."""
    rimmed = []
    for structure, box in atlas.present(canvas, stage):
        distance = structure.stack.distance(*canvas.at(box, structure.side))
        distance = np.maximum(distance, canvas.deep[box])
        if structure.rim_mm > 0:
            canvas.paint("cortical_bone", distance, box)
            rimmed.append((structure, box, distance + np.float32(structure.rim_mm)))
        else:
            canvas.paint(structure.tissue, distance, box)
    for structure, box, distance in rimmed:
        canvas.paint(structure.tissue, distance, box)


def paint_muscles(canvas: Canvas, atlas: Atlas) -> None:
    """Paint the muscles: each grows by its reach until a thin fat plane parts it from the next.

    Fat septa run along the bundles of each muscle.
    """
    muscles = measures(_Muscles, "muscles")
    nearest, second, across = _rivals(canvas, atlas)
    plane_mm = muscles.fat_plane_mm * (1 + muscles.fat_plane_variation * canvas.noise["coarse"])
    apart = (plane_mm - (second - nearest)) * np.float32(0.5)
    canvas.paint("muscle", np.maximum(np.maximum(nearest, apart), canvas.deep))
    # The septa are the crests of a wave across the muscle, which noise bends and breaks up.
    wave = np.float32(2 * np.pi / muscles.bundle_mm)
    bundles = np.cos(across * wave + 1.6 * canvas.noise["medium"])
    crests = 0.8 * (bundles - 0.8 + 0.35 * canvas.noise["coarse"])
    septa = np.clip(crests, 0, muscles.septum_fat)
    canvas.replace("muscle", "fat", septa * np.clip(-nearest / muscles.septum_over_mm, 0, 1))
    for structure, box in atlas.present(canvas, "muscle"):
        if structure.reach_mm <= 0:
            distance = structure.stack.distance(*canvas.at(box, structure.side))
            # Muscles of expression lie in the subcutaneous fat, just under the skin.
            distance = np.maximum(distance, canvas.skin[box] + muscles.below_skin_mm)
            canvas.paint(structure.tissue, distance, box)


def _rivals(canvas: Canvas, atlas: Atlas) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the distances to the nearest and second muscle and the position across the first.

    All are in mm, (plane, row, column).
    """
    nearest = np.full(canvas.x.shape, OUTSIDE_MM, np.float32)
    second, across = nearest.copy(), np.zeros_like(nearest)
    for structure, box in atlas.present(canvas, "muscle"):
        if structure.reach_mm <= 0:
            continue
        distance, position = structure.stack.locate(*canvas.at(box, structure.side))
        distance = distance - np.float32(structure.reach_mm)
        closer = distance < nearest[box]
        second[box] = np.where(closer, nearest[box], np.minimum(second[box], distance))
        across[box] = np.where(closer, position, across[box])
        nearest[box] = np.where(closer, distance, nearest[box])
    return nearest, second, across
