"""Effects of receive chain and field: coils, fat suppression, fillings, ghosts, k-space."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from gfce.phantom.canvas import Canvas
from gfce.phantom.fields import LOWER_MM, UPPER_MM, FloatArray, SmoothField
from gfce.phantom.variation import Habitus

_Plane = TypeVar("_Plane", FloatArray, npt.NDArray[np.complex64])

_KNOT_MM = 20.0
_COIL_RADIUS_MM = 75.0
# Semi-axes (slice, row, column) of the ellipsoid over which the bias field has mean one (mm).
HEAD_MM = (60.0, 100.0, 75.0)


@dataclass(frozen=True)
class BiasField:
    """A smooth receive sensitivity, positive, with mean one over the head's ellipsoid."""

    logarithm: SmoothField
    offset: float

    @classmethod
    def random(cls, rng: np.random.Generator, strength: float, coil_edge: float) -> BiasField:
        """Draw the sensitivity of an array of loops, partly evened out by the scanner.

        Each loop falls off as (1 + d^2/R^2)^(-3/2), the field on the axis of a ring current
        (Biot-Savart); loops combine as root sum of squares (Roemer et al., Magn. Reson. Med.
        16:192, 1990).  ``strength`` is the exponent that prescan normalisation leaves; the loop
        nearest to the neck is ``coil_edge`` stronger.
        """
        grid = [
            np.arange(low - _KNOT_MM, high + 4 * _KNOT_MM, _KNOT_MM)
            for low, high in zip(LOWER_MM, UPPER_MM, strict=True)
        ]
        z, y, x = np.meshgrid(*grid, indexing="ij")
        power = np.zeros_like(z)
        for loop, weight in zip(*_loops(rng, coil_edge), strict=True):
            d2 = (z - loop[0]) ** 2 + (y - loop[1]) ** 2 + (x - loop[2]) ** 2
            power += weight * (1 + d2 / _COIL_RADIUS_MM**2) ** -3
        lattice = (0.5 * strength * np.log(power)).astype(np.float32)
        raw = cls(SmoothField(lattice, (_KNOT_MM,) * 3), 0.0)
        return cls(raw.logarithm, float(np.log(_mean_over_head(raw))))

    def sample(self, z: npt.ArrayLike, y: npt.ArrayLike, x: npt.ArrayLike) -> FloatArray:
        """Return the sensitivity, (slice, row, column), on a grid of 1D coordinates in mm."""
        return np.asarray(np.exp(self.logarithm.sample(z, y, x) - self.offset), np.float32)


def _loops(rng: np.random.Generator, coil_edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Twelve loops in two rings round the head, unequal by position and gain."""
    angle = np.repeat(np.arange(6) * np.pi / 3, 2) + rng.normal(0, 0.15)
    height = np.tile([-55.0, 55.0], 6) + rng.normal(0, 8, 12)
    ring = np.stack([height, 145 * np.cos(angle), 120 * np.sin(angle)], axis=1)
    ring += rng.normal(0, 8, 3)
    weight = rng.lognormal(0, 0.35, 12)
    weight[np.argmax(ring[:, 1] - ring[:, 0])] *= 1 + 6 * coil_edge
    return ring, weight


def _mean_over_head(field: BiasField) -> float:
    axes = [np.linspace(-extent, extent, 25) for extent in HEAD_MM]
    scaled = np.meshgrid(*(a / e for a, e in zip(axes, HEAD_MM, strict=True)), indexing="ij")
    inside = sum(c**2 for c in scaled) <= 1.0
    return float(field.sample(*axes)[inside].mean())


def suppression_residual(
    residual: float, off_resonance: FloatArray, air: FloatArray, voxel_mm: float
) -> FloatArray:
    """Return the part of the fat signal left by spectral suppression, [0, 1], (row, column).

    Suppression fails where fat leaves the saturated band: where the field is off, above all near
    air, whose susceptibility differs by 9 ppm.  ``off_resonance`` is a standard normal field and
    ``air`` the air fraction; the failure threshold is estimated from clinical fat saturation.
    """
    # In-plane blur stands in for the dipole field of the air spaces.
    near_air = gaussian_filter(air, 7.0 / voxel_mm, truncate=2.5)
    shift_ppm = np.abs(0.75 * off_resonance + 0.9 * near_air)
    failure = np.clip((shift_ppm - 0.95) / 1.2, 0, 1)
    return np.asarray(residual + (1 - residual) * failure, np.float32)


def filling_artefact(canvas: Canvas, habitus: Habitus, plane: int) -> FloatArray | None:
    """Return the factor on signal near metal fillings, (row, column); None without any nearby.

    A void where spins dephase or are shifted out, and a bright rim on the side where they pile up
    (Hargreaves et al., AJR 197:547-555, 2011).
    """
    factor: FloatArray | None = None
    for fx, fy, fz, reach in habitus.fillings:
        dx, dy, dz = canvas.x[plane] - fx, canvas.y[plane] - fy, canvas.z[plane] - fz
        if np.abs(dz).min() > 3 * reach:
            continue
        d = np.sqrt(dx * dx + (0.7 * dy) ** 2 + dz * dz)
        void = 1 / (1 + np.exp(-(d - reach) / (0.12 * reach)))
        ring = np.exp(-(((d - 1.15 * reach) / (0.16 * reach)) ** 2))
        rim = 0.9 * ring * np.clip(dy / reach, 0, 1)
        step = np.asarray(void + rim, np.float32)
        factor = step if factor is None else factor * step
    return factor


def ghosts(flow_signal: FloatArray, amplitude: float, phase_axis: str) -> FloatArray:
    """Return the ghosts of pulsatile flow: shifted copies along the phase-encoding axis.

    Source: Haacke and Patrick, Magn. Reson. Imaging 4:307-321 (1986).
    """
    axis = 0 if phase_axis == "rows" else 1
    count = flow_signal.shape[axis]
    shifts = (round(0.23 * count), -round(0.23 * count), round(0.46 * count))
    total = sum(np.roll(flow_signal, s, axis) * w for s, w in zip(shifts, (1, 1, 0.4), strict=True))
    return np.asarray(total * np.float32(amplitude), np.float32)


def zero_fill(image: _Plane, rows: int, columns: int) -> _Plane:
    """Interpolate acquired planes (..., row, column) to a larger matrix by zero filling k-space.

    The outer part of k-space is tapered, which keeps Gibbs ringing at the level of clinical
    reconstructions; a matrix of the same size is returned as it is.
    """
    old = image.shape[-2:]
    if old == (rows, columns):
        return image
    result = _resample_matrix(columns, old[1]) @ image.swapaxes(-2, -1)
    return np.asarray(_resample_matrix(rows, old[0]) @ result.swapaxes(-2, -1), image.dtype)


@cache
def _resample_matrix(new: int, old: int) -> FloatArray:
    """The (new, old) matrix of one axis of zero filling: transform, taper, pad, transform back."""
    half = (old - 1) // 2
    frequency = np.arange(-half, half + 1)
    slope = np.clip((np.abs(frequency) / (old / 2) - 0.6) / 0.4, 0, 1)
    taper = 0.5 * (1 + np.cos(np.pi * 0.85 * slope))
    forward = np.exp(-2j * np.pi * np.outer(frequency, np.arange(old)) / old)
    back = np.exp(2j * np.pi * np.outer(np.arange(new), frequency) / new)
    return np.asarray(((back * taper) @ forward).real / old, np.float32)
