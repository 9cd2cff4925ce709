"""The examination of one patient: sampling, random properties of the scan, acquisition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gfce.errors import UserError
from gfce.images.modalities import MODALITIES
from gfce.phantom.anatomy import Anatomy
from gfce.phantom.fields import FloatArray, SmoothField
from gfce.phantom.painted import Grid, Painted
from gfce.phantom.protocols import Protocol
from gfce.phantom.reception import BiasField, ghosts, suppression_residual, zero_fill
from gfce.phantom.scanner import (
    SeriesWeights,
    complex_noise,
    muscle_signal,
    series_weights,
    voxel_signal,
)

# The slab that every examination covers (mm): oral cavity to temporal lobes.
SLAB_MM = 124.0
STORED_MAXIMUM = 4095
# Blood enters this far into the slab before it is saturated (mm).
_INFLOW_MM = 6.0
_TEXTURES = ("pd", "t1", "t2", "uptake")
SCAN_STREAMS = 5
"""Random streams of a scan: uptake, gains, coils, field errors, texture."""


@dataclass(frozen=True)
class Fields:
    """Smooth random fields of one patient, whatever the scanner: field errors, tissue texture."""

    off_resonance: SmoothField
    texture: tuple[tuple[SmoothField, SmoothField], ...]


@dataclass(frozen=True)
class Scan:
    """Random and derived properties of one patient's examination, except the noise."""

    protocol: Protocol
    fields: Fields
    bias: BiasField
    weights: dict[str, tuple[SeriesWeights, SeriesWeights]]
    gains: dict[str, float]


def make_grid(protocol: Protocol, coarsening: float, slices: int | None) -> Grid:
    """Return the sampling of the slab; raises UserError for impossible ones."""
    if not 0.25 <= coarsening <= 16 or (slices is not None and not 1 <= slices <= 500):
        raise UserError(f"simulation: coarsening {coarsening:g} or slices {slices} out of range")
    step = protocol.slice_thickness_mm + protocol.slice_gap_mm
    count = slices or max(round(SLAB_MM / step), 1)
    spacing = SLAB_MM / count if slices else step
    rows, columns = (max(round(n / coarsening), 8) for n in (protocol.rows, protocol.columns))
    fov = (protocol.rows * protocol.voxel_mm, protocol.columns * protocol.voxel_mm)
    acquired = max(protocol.acquired_voxel_mm, protocol.voxel_mm) * coarsening
    shape = (min(round(fov[0] / acquired), rows), min(round(fov[1] / acquired), columns))
    y, x = (_centred(n, f / n) for n, f in zip(shape, fov, strict=True))
    z = _centred(count, spacing)
    thickness = min(protocol.slice_thickness_mm, spacing)
    voxel = (fov[0] / rows, fov[1] / columns)
    return Grid(z, y, x, fov[0] / shape[0], rows, columns, voxel, thickness, spacing)


def _centred(count: int, step: float) -> npt.NDArray[np.float64]:
    return np.asarray((np.arange(count) - (count - 1) / 2) * step, np.float64)


def draw_fields(seeds: Sequence[np.random.SeedSequence]) -> Fields:
    """Draw the fields of one patient's scans; ``seeds`` as in ``draw_scan``."""
    rng = np.random.default_rng(seeds[4])
    return Fields(
        off_resonance=SmoothField.random(np.random.default_rng(seeds[3]), 55.0),
        texture=tuple(
            (SmoothField.random(rng, 2.6), SmoothField.random(rng, 9.0)) for _ in _TEXTURES
        ),
    )


def draw_scan(
    protocol: Protocol,
    anatomy: Anatomy,
    grid: Grid,
    fields: Fields,
    seeds: Sequence[np.random.SeedSequence],
) -> Scan:
    """Draw coils, gains and uptake for one patient.

    Of the five ``seeds`` (``SCAN_STREAMS``) uptake, gains and coils have one each, ``fields`` the
    last two.
    """
    streams = [np.random.default_rng(seed) for seed in seeds[:3]]
    uptake = _draw_uptake(anatomy, streams[0])
    gain = protocol.gain * streams[1].lognormal(0.0, protocol.gain_spread, len(MODALITIES))
    weights = {
        m: tuple(series_weights(protocol, m, grid.thickness_mm, uptake, f) for f in (0.0, 0.4))
        for m in MODALITIES
    }
    return Scan(
        protocol=protocol,
        fields=fields,
        bias=BiasField.random(streams[2], protocol.bias_strength, protocol.coil_edge),
        weights={m: (w[0], w[1]) for m, w in weights.items()},
        gains=dict(zip(MODALITIES, (float(g) for g in gain), strict=True)),
    )


def _draw_uptake(anatomy: Anatomy, rng: np.random.Generator) -> dict[str, float]:
    """Uptake of this patient: circulation and delay act on all tissues, the rest on one each."""
    overall = float(np.clip(rng.lognormal(0.0, 0.12), 0.7, 1.4))
    names = (
        "mucosa",
        "muscle",
        "parotid",
        "marrow",
        "tumour_npc",
        "venous_blood",
        "slow_venous_blood",
        "arterial_blood",
    )
    uptake = {n: overall * float(np.clip(rng.lognormal(0.0, 0.12), 0.7, 1.4)) for n in names}
    uptake["tumour_npc"] *= anatomy.tumour.uptake
    return uptake


def acquire(
    scan: Scan, grid: Grid, painted: Painted, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the stored images of some painted slices, (slice, row, column), and the mask."""
    series = [_series(scan, grid, painted, number) for number in range(len(painted.numbers))]
    stored = _store(scan, grid, np.stack(series, axis=1), rng)
    mask = zero_fill(painted.tumour, grid.rows, grid.columns)
    stored["tumour"] = (mask > 0.5).astype(np.uint8)
    return stored


def _series(scan: Scan, grid: Grid, painted: Painted, number: int) -> FloatArray:
    """Return the noise-free signal of the three series of one slice, (series, row, column).

    ``number`` is that of the slice among the painted ones.
    """
    slice_index, fractions = painted.numbers[number], painted.fractions[:, number]
    protocol, at = scan.protocol, (grid.z[slice_index : slice_index + 1], grid.y, grid.x)
    texture = np.stack(
        [
            0.75 * fine.sample(*at)[0] + 0.66 * wide.sample(*at)[0]
            for fine, wide in scan.fields.texture
        ]
    )
    bias = scan.bias.sample(*at)[0]
    air = fractions[painted.index["air"]]
    off = scan.fields.off_resonance.sample(*at)[0]
    residual = suppression_residual(protocol.residual_fat, off, air, grid.acquired_mm)
    metal = painted.metal[number]
    bias = bias if metal is None else bias * metal
    from_end = min(slice_index, len(grid.z) - 1 - slice_index)
    is_at_end = from_end * grid.spacing_mm < _INFLOW_MM
    blood = fractions[painted.index["arterial_blood"]] + fractions[painted.index["venous_blood"]]
    ghost = ghosts(blood, protocol.flow_ghost, protocol.phase_axis)
    planes = []
    for modality in MODALITIES:
        weights = scan.weights[modality][1 if is_at_end else 0]
        water, fat = voxel_signal(weights, fractions, texture)
        fat = fat * residual if protocol.fat_suppression(modality) else fat
        planes.append((water + fat) * bias + ghost)
    return np.stack(planes)


def _store(
    scan: Scan, grid: Grid, series: FloatArray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Add noise to the acquired signal, reconstruct, take the magnitude and round it.

    ``series`` is (series, slice, row, column).  Complex Gaussian noise before the magnitude makes
    the stored noise Rician, as in ``scanner.rician``.
    """
    sigma = muscle_signal(scan.protocol) / scan.protocol.snr
    noisy = complex_noise(series.swapaxes(0, 1), sigma, rng).swapaxes(0, 1)
    planes = np.abs(zero_fill(noisy, grid.rows, grid.columns))
    return {
        name: np.clip(np.rint(plane * scan.gains[name]), 0, STORED_MAXIMUM).astype(np.uint16)
        for name, plane in zip(MODALITIES, planes, strict=True)
    }
