"""The examination of one patient: sampling, random properties of the scan, acquisition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gfce.errors import UserError
from gfce.images.modalities import MODALITIES
from gfce.phantom.anatomy import Anatomy
from gfce.phantom.canvas import Canvas
from gfce.phantom.fields import FloatArray, SmoothField
from gfce.phantom.protocols import Protocol
from gfce.phantom.reception import (
    BiasField,
    filling_artefact,
    ghosts,
    suppression_residual,
    zero_fill,
)
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
# Planes are painted in runs of about this many voxels: cache-sized, yet few calls.
_CHUNK_VOXELS = 240_000
_TEXTURES = ("pd", "t1", "t2", "uptake")


@dataclass(frozen=True)
class Grid:
    """Sampling of one examination: acquired coordinates (mm) and reconstructed matrix."""

    z: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    x: npt.NDArray[np.float64]
    acquired_mm: float
    rows: int
    columns: int
    voxel_mm: tuple[float, float]
    thickness_mm: float
    spacing_mm: float


@dataclass(frozen=True)
class Scan:
    """Random and derived properties of one patient's examination, except the noise."""

    protocol: Protocol
    anatomy: Anatomy
    bias: BiasField
    off_resonance: SmoothField
    texture: tuple[tuple[SmoothField, SmoothField], ...]
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


def draw_scan(
    protocol: Protocol, anatomy: Anatomy, grid: Grid, sequence: np.random.SeedSequence
) -> Scan:
    """Draw coils, field, gains, uptake and tissue texture for one patient."""
    streams = [np.random.default_rng(child) for child in sequence.spawn(5)]
    uptake = _draw_uptake(anatomy, streams[0])
    gain = protocol.gain * streams[1].lognormal(0.0, protocol.gain_spread, len(MODALITIES))
    weights = {
        m: tuple(series_weights(protocol, m, grid.thickness_mm, uptake, f) for f in (0.0, 0.4))
        for m in MODALITIES
    }
    return Scan(
        protocol=protocol,
        anatomy=anatomy,
        bias=BiasField.random(streams[2], protocol.bias_strength, protocol.coil_edge),
        off_resonance=SmoothField.random(streams[3], 55.0),
        texture=tuple(
            (SmoothField.random(streams[4], 2.6), SmoothField.random(streams[4], 9.0))
            for _ in _TEXTURES
        ),
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


def chunks(grid: Grid) -> list[range]:
    """Split the slices into runs that fit the processor's cache, yet keep few calls."""
    size = max(_CHUNK_VOXELS // (_planes_per_slice(grid) * len(grid.y) * len(grid.x)), 1)
    return [range(i, min(i + size, len(grid.z))) for i in range(0, len(grid.z), size)]


def _planes_per_slice(grid: Grid) -> int:
    """How many planes are averaged through a slice: about one every 2 mm."""
    return 3 if grid.thickness_mm > 4.2 else 2


def acquire(
    scan: Scan, grid: Grid, numbers: range, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], FloatArray]:
    """Return the stored images of some slices and their fractions (tissue, slice, row, column)."""
    count = _planes_per_slice(grid)
    depth = ((np.arange(count) + 0.5) / count - 0.5) * grid.thickness_mm
    levels = (grid.z[numbers.start : numbers.stop, None] + depth).ravel()
    canvas, tumour = scan.anatomy.paint(levels, grid.y, grid.x, grid.acquired_mm)
    shape = (len(numbers), count, len(grid.y), len(grid.x))
    fractions = canvas.fractions.reshape(-1, *shape).mean(axis=2)
    fractions /= fractions.sum(axis=0)
    series = np.stack(
        [
            _series(scan, grid, canvas, fractions[:, i], (n, i * count + count // 2))
            for i, n in enumerate(numbers)
        ],
        axis=1,
    )
    stored = _store(scan, grid, series, rng)
    mask = zero_fill(tumour.reshape(shape).mean(axis=1), grid.rows, grid.columns)
    stored["tumour"] = (mask > 0.5).astype(np.uint8)
    return stored, fractions


def _series(
    scan: Scan, grid: Grid, canvas: Canvas, fractions: FloatArray, indices: tuple[int, int]
) -> FloatArray:
    """Return the noise-free signal of the three series of one slice, (series, row, column).

    ``indices`` are those of the slice in the grid and of its middle plane in the canvas.
    """
    slice_index, plane = indices
    protocol, at = scan.protocol, (grid.z[slice_index : slice_index + 1], grid.y, grid.x)
    texture = np.stack(
        [0.75 * fine.sample(*at)[0] + 0.66 * wide.sample(*at)[0] for fine, wide in scan.texture]
    )
    bias = scan.bias.sample(*at)[0]
    air = fractions[canvas.index["air"]]
    off = scan.off_resonance.sample(*at)[0]
    residual = suppression_residual(protocol.residual_fat, off, air, grid.acquired_mm)
    metal = filling_artefact(canvas, scan.anatomy.habitus, plane)
    bias = bias if metal is None else bias * metal
    from_end = min(slice_index, len(grid.z) - 1 - slice_index)
    is_at_end = from_end * grid.spacing_mm < _INFLOW_MM
    blood = fractions[canvas.index["arterial_blood"]] + fractions[canvas.index["venous_blood"]]
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
