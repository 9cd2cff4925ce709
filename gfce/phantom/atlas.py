"""The tabulated part of the anatomy: cross-sections of organs and the courses of vessels.

Millimetres from the centre of the nasopharynx, drawn after textbook axial anatomy (Harnsberger,
Handbook of Head and Neck Imaging; Netter, Atlas of Human Anatomy); sizes are adult averages.
``structures.csv`` says what each structure is, ``sections.csv`` its cross-section at each level
and ``tubes.csv`` the points and radii of vessels, eye muscles, optic nerve and ear canal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gfce.phantom.canvas import Box, Canvas
from gfce.phantom.fields import FloatArray
from gfce.phantom.shapes import OUTSIDE_MM, Stack, Tube
from gfce.phantom.variation import Habitus

# Width of the fat between neighbouring muscles (mm).
_FAT_PLANE_MM = 1.6
# Vessels nearer to the midline than this do not wander (mm).
_MIDLINE_MM = 6.0


@dataclass(frozen=True)
class Structure:
    """One structure of one side of one patient; ``side`` is 1 (left or midline) or -1 (right).

    ``rim_mm`` is the thickness of cortical bone round it and ``reach_mm`` how far a muscle grows
    towards its neighbours.
    """

    name: str
    stage: str
    tissue: Mapping[str, float]
    side: int
    rim_mm: float
    reach_mm: float
    stack: Stack


@dataclass(frozen=True)
class Atlas:
    """The tabulated anatomy with one patient's sizes and places, in painting order.

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

    def present(self, canvas: Canvas, stage: str) -> Iterator[tuple[Structure, Box]]:
        """Yield the structures of a stage that the planes cut, each with its box."""
        for structure in self.structures:
            if structure.stage == stage:
                margin = np.array([-1.0, 1.0]) * structure.reach_mm
                box = canvas.window(structure.stack.bounds + margin, structure.side)
                if box is not None:
                    yield structure, box


@cache
def _table(name: str) -> pd.DataFrame:
    with resources.files("gfce.phantom").joinpath(name).open(encoding="utf-8") as stream:
        return pd.read_csv(stream, keep_default_na=False)


def _groups(name: str, key: str, columns: list[str]) -> dict[str, npt.NDArray[np.float64]]:
    groups = _table(name).groupby(key, sort=False)
    return {str(label): group[columns].to_numpy(float) for label, group in groups}


def _draw_structures(rng: np.random.Generator, habitus: Habitus) -> tuple[Structure, ...]:
    knots = _groups("sections.csv", "structure", ["z", "x", "y", "a", "b", "angle"])
    drawn = []
    for row in _table("structures.csv").to_dict("records"):
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


def _mixture(row: Mapping[Any, Any]) -> dict[str, float]:
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
    amount = float(row["variation"])
    varied = knots.copy()
    # Shape variation grows slower than size variation: a big sinus is still in the maxilla.
    shift = rng.normal(0.0, (1.0, 0.6, 0.8), 3) * min(amount, 1.2)
    if row["side"] == "mid":
        shift[1] *= 0.3
    varied[:, :3] += shift
    varied[:, 3:5] *= np.clip(rng.normal(1.0, 0.06 * amount, 2), 0.6, 1.5)
    if row["stage"] == "muscle":
        varied[:, 3] *= habitus.muscle
    varied[:, 5] += rng.normal(0.0, 2.0) * (row["side"] == "both")
    return varied


def _draw_tubes(
    rng: np.random.Generator, habitus: Habitus
) -> dict[tuple[str, int], tuple[str, Tube]]:
    tissues = _table("tubes.csv").groupby("tube", sort=False)["tissue"].first()
    drawn = {}
    for name, points in _groups("tubes.csv", "tube", ["x", "y", "z", "radius"]).items():
        for side in (1, -1):
            free = np.abs(points[:, :1]) > _MIDLINE_MM
            wander = np.array([*rng.normal(0.0, 1.0, 2), 0.0]) * free
            size = float(np.clip(rng.lognormal(0.0, 0.15), 0.65, 1.5))
            if name == "internal_jugular":
                size *= habitus.jugular[0 if side > 0 else 1]
            tube = Tube(points[:, :3] + wander, points[:, 3] * size)
            drawn[name, side] = (str(tissues[name]), tube)
    return drawn


def paint_stage(canvas: Canvas, atlas: Atlas, stage: str) -> None:
    """Paint one stage: all cortical rims first, so that touching bones share their marrow."""
    placed = []
    for structure, box in atlas.present(canvas, stage):
        distance = structure.stack.distance(*canvas.at(box, structure.side))
        distance = np.maximum(distance, canvas.deep[box])
        if structure.rim_mm > 0:
            canvas.paint("cortical_bone", distance, box)
            placed.append((structure, box, distance + np.float32(structure.rim_mm)))
        else:
            canvas.paint(structure.tissue, distance, box)
    for structure, box, distance in placed:
        canvas.paint(structure.tissue, distance, box)


def paint_muscles(canvas: Canvas, atlas: Atlas) -> None:
    """Paint the muscles: each grows by its reach until a thin fat plane parts it from the next.

    Fat septa run along the bundles of each muscle.
    """
    nearest, second, across = _rivals(canvas, atlas)
    plane_mm = _FAT_PLANE_MM * (1 + 0.45 * canvas.noise["coarse"])
    apart = (plane_mm - (second - nearest)) * np.float32(0.5)
    canvas.paint("muscle", np.maximum(np.maximum(nearest, apart), canvas.deep))
    bundles = np.cos(across * np.float32(2 * np.pi / 4.5) + 1.6 * canvas.noise["medium"])
    septa = np.clip(0.8 * (bundles - 0.8 + 0.35 * canvas.noise["coarse"]), 0, 0.22)
    canvas.replace("muscle", "fat", septa * np.clip(-nearest / 2, 0, 1))
    for structure, box in atlas.present(canvas, "muscle"):
        if structure.reach_mm <= 0:
            distance = structure.stack.distance(*canvas.at(box, structure.side))
            # Muscles of expression lie in the subcutaneous fat, just under the skin.
            canvas.paint(structure.tissue, np.maximum(distance, canvas.skin[box] + 2.5), box)


def _rivals(canvas: Canvas, atlas: Atlas) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the distances (mm) to the nearest and second muscle and the place across the first."""
    nearest = np.full(canvas.x.shape, OUTSIDE_MM, np.float32)
    second, across = nearest.copy(), np.zeros_like(nearest)
    for structure, box in atlas.present(canvas, "muscle"):
        if structure.reach_mm <= 0:
            continue
        found, place = structure.stack.locate(*canvas.at(box, structure.side))
        found = found - np.float32(structure.reach_mm)
        closer = found < nearest[box]
        second[box] = np.where(closer, nearest[box], np.minimum(second[box], found))
        across[box] = np.where(closer, place, across[box])
        nearest[box] = np.where(closer, found, nearest[box])
    return nearest, second, across
