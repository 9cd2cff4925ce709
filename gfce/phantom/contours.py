"""Closed surfaces given as half contours at several levels: the head and the cranial cavity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d, map_coordinates

from gfce.phantom.fields import FloatArray
from gfce.phantom.tables import read_table

_ANGLES = np.linspace(0.0, np.pi, 61)
# Standard deviation, in tabulated angles, of the filter that rounds the corners of a contour.
_SMOOTHING = 1.6


@dataclass(frozen=True)
class Surface:
    """A surface r(z, angle) about a vertical axis; angle 0 is anterior, pi posterior.

    ``radius`` and ``slope`` are (level, angle) at 1 mm steps from ``z0``; ``slope`` turns a radial
    distance into one along the surface normal, to first order.
    """

    axis_y: float
    z0: float
    radius: FloatArray
    slope: FloatArray

    def distance(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Return the signed distance (mm), negative inside."""
        dy = y - np.float32(self.axis_y)
        angle = np.arctan2(np.abs(x), -dy)
        position = [z - np.float32(self.z0), angle * np.float32((len(_ANGLES) - 1) / np.pi)]
        radius, slope = (
            map_coordinates(table, position, order=1, mode="nearest", output=np.float32)
            for table in (self.radius, self.slope)
        )
        return np.asarray((np.sqrt(x * x + dy * dy) - radius) * slope, np.float32)


@cache
def read_surface(name: str) -> Surface:
    """Build a surface of surfaces.csv from its half contours in contours.csv."""
    axis_y = float(read_table("surfaces.csv", "surface")["axis_y_mm"][name])
    table = read_table("contours.csv")
    levels, radii = [], []
    for z, points in table[table["surface"] == name].groupby("z"):
        levels.append(float(str(z)))
        radii.append(_radii(points["x"].to_numpy(float), points["y"].to_numpy(float) - axis_y))
    grid = np.arange(levels[0], levels[-1] + 1.0)
    radius = PchipInterpolator(levels, np.stack(radii))(grid)
    radius = gaussian_filter1d(radius, _SMOOTHING, axis=1, mode="mirror")
    along_z, along_angle = np.gradient(radius, 1.0, _ANGLES[1])
    slope = 1 / np.sqrt(1 + along_z**2 + (along_angle / radius) ** 2)
    return Surface(axis_y, levels[0], radius.astype(np.float32), slope.astype(np.float32))


def _radii(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Radius at each tabulated angle of a half contour of points, from front to back."""
    knots = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    dense = np.linspace(0, knots[-1], 40 * len(x))
    px, py = PchipInterpolator(knots, np.stack([x, y], axis=1))(dense).T
    angle = np.arctan2(px, -py)
    order = np.argsort(angle)
    return np.asarray(np.interp(_ANGLES, angle[order], np.hypot(px, py)[order]))
