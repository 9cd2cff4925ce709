"""One simulated patient: T1w, T2w and CE volumes of one anatomy on one grid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gfce.errors import UserError
from gfce.images.modalities import MODALITIES
from gfce.phantom.acquisition import acquire, chunks, draw_scan, make_grid
from gfce.phantom.anatomy import Anatomy
from gfce.phantom.fields import FloatArray
from gfce.phantom.protocols import Protocol
from gfce.phantom.sidecars import sidecar

_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class SimulatedPatient:
    """What the scanner stores about one patient.

    ``images``: 't1w', 't2w', 'ce' (uint16 stored intensities, 0 to 4095) and 'tumour' (uint8
    mask), each (slice, row, column) from inferior to superior, anterior to posterior and patient
    right to left.  ``spacing`` (mm) is (column, row, slice), ``origin`` the centre of the first
    voxel and ``direction`` the row-major axes, in LPS as SimpleITK takes them.  ``sidecars`` holds
    the BIDS metadata of each series; ``fractions`` the tissue fractions of the noise-free anatomy
    on the acquired grid, (tissue, slice, row, column), where they were asked for.
    """

    images: dict[str, npt.NDArray[np.uint16] | npt.NDArray[np.uint8]]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    direction: tuple[float, ...]
    sidecars: dict[str, dict[str, object]]
    fractions: FloatArray | None = field(default=None, repr=False)


def simulate_patient(
    protocol: Protocol,
    *,
    seed: int,
    index: int,
    coarsening: float = 1.0,
    slices: int | None = None,
    keep_fractions: bool = False,
) -> SimulatedPatient:
    """Simulate patient ``index`` of an institution.

    The patient depends on (protocol.name, seed, index) alone, not on the rest of the cohort, and
    the anatomy not on the sampling.  ``coarsening`` multiplies the in-plane voxel size; ``slices``
    spreads that many slices evenly over the same slab (with gaps where they are thinner than their
    spacing).  Raises UserError for negative seeds or indices and impossible samplings.
    """
    sequence = _seed_sequence(protocol.name, seed, index)
    grid = make_grid(protocol, coarsening, slices)
    anatomy_seed, scan_seed, noise_seed = sequence.spawn(3)
    anatomy = Anatomy.random(
        anatomy_seed, tumour_size=protocol.tumour_size, atrophy=protocol.atrophy
    )
    scan = draw_scan(protocol, anatomy, grid, scan_seed)
    rng = np.random.default_rng(noise_seed)
    stored = [acquire(scan, grid, numbers, rng) for numbers in chunks(grid)]
    images = {
        name: np.concatenate([images[name] for images, _ in stored])
        for name in (*MODALITIES, "tumour")
    }
    return SimulatedPatient(
        images=images,
        spacing=(grid.voxel_mm[1], grid.voxel_mm[0], grid.spacing_mm),
        origin=(float(grid.x[0]), float(grid.y[0]), float(grid.z[0])),
        direction=_IDENTITY,
        sidecars={m: sidecar(protocol, m, grid) for m in MODALITIES},
        fractions=np.concatenate([f for _, f in stored], axis=1) if keep_fractions else None,
    )


def _seed_sequence(name: str, seed: int, index: int) -> np.random.SeedSequence:
    """Hash the institution's name with SHA-256: Python's own hash changes between runs."""
    if seed < 0 or index < 0:
        raise UserError(f"simulation seed {seed} and patient index {index} must not be negative")
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), np.dtype("<u4"))
    return np.random.SeedSequence([*words.tolist(), seed, index])
