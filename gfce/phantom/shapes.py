"""Implicit shapes: functions of position that are negative inside, in millimetres.

Near the surface each approximates the signed distance, which ``coverage`` turns into the part of
a voxel that the shape fills.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gfce.phantom.fields import FloatArray
from gfce.phantom.measures import Pair, Triple

OUTSIDE_MM = np.float32(50.0)
# Cross-sections are tabulated at this step between their levels (mm).
_STEP_MM = 0.1


def coverage(distance: FloatArray, width_mm: float) -> FloatArray:
    """Return the fraction inside, [0, 1], of voxels ``width_mm`` wide at a signed distance."""
    inside: FloatArray = np.float32(0.5) - distance * np.float32(1.0 / width_mm)
    return np.clip(inside, 0.0, 1.0)


@dataclass(frozen=True)
class Region:
    """A box that encloses a body part: lower and upper limits in mm."""

    x_mm: Pair
    y_mm: Pair
    z_mm: Pair

    @property
    def bounds(self) -> npt.NDArray[np.float64]:
        """Return the box in mm, rows x, y, z and columns lower, upper."""
        return np.array([self.x_mm, self.y_mm, self.z_mm])


@dataclass(frozen=True)
class Ellipsoid:
    """An axis-aligned ellipsoid: centre and radii along x, y, z."""

    centre_mm: Triple
    radii_mm: Triple

    @property
    def bounds(self) -> npt.NDArray[np.float64]:
        """Return the enclosing box in mm, rows x, y, z and columns lower, upper."""
        centre, radii = np.array(self.centre_mm), np.array(self.radii_mm)
        return np.stack([centre - radii, centre + radii], axis=1)

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Return the approximate signed distance (mm).

        First-order distance f/|grad f|: Taubin, IEEE Trans. PAMI 13(11):1115-1138 (1991).
        """
        u, v, w = (
            (c - np.float32(m)) / np.float32(r)
            for c, m, r in zip((x, y, z), self.centre_mm, self.radii_mm, strict=True)
        )
        q = np.sqrt(u * u + v * v + w * w) + np.float32(1e-6)
        rx, ry, rz = self.radii_mm
        gradient = np.sqrt((u / rx) ** 2 + (v / ry) ** 2 + (w / rz) ** 2)
        return np.asarray(q * (q - 1) / (gradient + np.float32(1e-6)), np.float32)


@dataclass(frozen=True)
class Tube:
    """A tube along a polyline: ``points`` (point, xyz) and one radius a point, in mm."""

    points: npt.NDArray[np.float64]
    radii: npt.NDArray[np.float64]

    @cached_property
    def bounds(self) -> npt.NDArray[np.float64]:
        """Return the enclosing box in mm, rows x, y, z and columns lower, upper."""
        reach = self.radii[:, None]
        return np.stack([(self.points - reach).min(0), (self.points + reach).max(0)], axis=1)

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Return the signed distance (mm); the radius changes evenly along each segment."""
        points, radii = self.points.astype(np.float32), self.radii.astype(np.float32)
        best: FloatArray = np.full(x.shape, OUTSIDE_MM, np.float32)
        for a, b, ra, rb in zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True):
            step = b - a
            along = (x - a[0]) * step[0] + (y - a[1]) * step[1] + (z - a[2]) * step[2]
            t = np.clip(along / np.float32(step @ step), 0.0, 1.0)
            gap = (x - a[0] - t * step[0]) ** 2 + (y - a[1] - t * step[1]) ** 2
            gap += (z - a[2] - t * step[2]) ** 2
            best = np.minimum(best, np.sqrt(gap) - (ra + t * (rb - ra)))
        return best


def smooth_union(first: FloatArray, second: FloatArray, blend_mm: float) -> FloatArray:
    """Return the union of two shapes with a fillet of about ``blend_mm``.

    Polynomial smooth minimum: Quilez, "smooth minimum" (2013).
    """
    h = np.clip(np.float32(blend_mm) - np.abs(first - second), 0.0, None)
    return np.asarray(np.minimum(first, second) - h * h / np.float32(4 * blend_mm), np.float32)


@dataclass(frozen=True)
class Stack:
    """A structure as a stack of axial cross-sections, each a bent, tapered superellipse.

    ``knots`` holds one row a level: z, x, y, a, b (mm) and angle (degrees).  The section's long
    axis, half-length b, points along (sin angle, cos angle) in (x, y); a is the other half-axis.
    ``taper`` widens the section towards its far end (fraction of a), ``bend`` curves it (mm at the
    ends), ``power`` 2 is an ellipse, 4 a rounded rectangle.
    """

    knots: npt.NDArray[np.float64]
    power: int = 2
    taper: float = 0.0
    bend: float = 0.0
    cap_mm: float = 5.0

    @cached_property
    def bounds(self) -> npt.NDArray[np.float64]:
        """Return the enclosing box in mm, rows x, y, z and columns lower, upper."""
        z, x, y, a, b = self.knots[:, :5].T
        reach = np.hypot(a * (1 + abs(self.taper)) + abs(self.bend), b)
        return np.array(
            [
                [(x - reach).min(), (x + reach).max()],
                [(y - reach).min(), (y + reach).max()],
                [z.min(), z.max()],
            ]
        )

    @cached_property
    def table(self) -> tuple[FloatArray, float]:
        """Return the section at every step: x, y, a, b, sine, cosine; and z0."""
        z = self.knots[:, 0]
        levels = np.arange(z[0], z[-1] + _STEP_MM, _STEP_MM)
        x, y, a, b, angle = (np.interp(levels, z, column) for column in self.knots[:, 1:].T)
        cap = min(self.cap_mm, 0.4 * (z[-1] - z[0]))
        near = np.clip(np.minimum(levels - z[0], z[-1] - levels) / cap, 0.02, 1.0)
        rounding = np.sqrt(1 - (1 - near) ** 2)
        theta = np.deg2rad(angle)
        columns = [x, y, a * rounding, b * rounding, np.sin(theta), np.cos(theta)]
        return np.stack(columns, axis=1).astype(np.float32), float(z[0])

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Return the approximate signed distance (mm) in the axial plane."""
        return self.locate(x, y, z)[0]

    def locate(self, x: FloatArray, y: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the signed distance and the position across the long axis, both in mm."""
        table, start = self.table
        index = np.rint((z - np.float32(start)) * np.float32(1 / _STEP_MM)).astype(np.int32)
        beyond = (index < 0) | (index >= len(table))
        cx, cy, a, b, sine, cosine = np.moveaxis(table[np.clip(index, 0, len(table) - 1)], -1, 0)
        dx, dy = x - cx, y - cy
        v = (dx * sine + dy * cosine) / b
        across = dx * cosine - dy * sine - np.float32(self.bend) * np.minimum(v * v, 2.25)
        width = a * np.clip(1 + np.float32(self.taper) * v, 0.15, 2.0)
        distance = _superellipse(across / width, v, width, b, self.power)
        return np.where(beyond, OUTSIDE_MM, distance), across


def _superellipse(
    u: FloatArray, v: FloatArray, a: FloatArray, b: FloatArray, power: int
) -> FloatArray:
    """First-order distance to |u|^power + |v|^power = 1 with half-axes a, b in mm."""
    if power == 2:
        q = np.sqrt(u * u + v * v) + np.float32(1e-6)
        gradient = np.sqrt((u / a) ** 2 + (v / b) ** 2) / q
    else:
        q = np.sqrt(np.sqrt(u**4 + v**4)) + np.float32(1e-6)
        gradient = np.sqrt((u**3 / a) ** 2 + (v**3 / b) ** 2) / q**3
    return np.asarray((q - 1) / (gradient + np.float32(1e-6)), np.float32)
