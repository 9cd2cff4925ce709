"""One simulated patient: T1w, T2w and CE volumes of one anatomy on one grid."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gfce.errors import UserError
from gfce.images.modalities import MODALITIES
from gfce.phantom.acquisition import SCAN_STREAMS, acquire, draw_fields, draw_scan, make_grid
from gfce.phantom.anatomy import Anatomy
from gfce.phantom.fields import FloatArray
from gfce.phantom.painted import Grid, Painted, chunks, paint
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
    volunteer = Volunteer(protocol.name, seed=seed, index=index)
    return volunteer.imaged(protocol, coarsening, slices, keep_fractions=keep_fractions)


class Volunteer:
    """Patient ``index`` of the institution ``name``, who may be imaged with any protocol.

    All random numbers (anatomy, uptake, coils, field errors, gains, texture, noise) are those of
    (name, seed, index), so that two examinations differ by their protocols alone.
    """

    def __init__(self, name: str, *, seed: int, index: int, remembers: bool = False) -> None:
        """Nothing is drawn but the fields.

        ``remembers`` keeps what was painted for later examinations with the same sampling of the
        same anatomy; it holds the tissue fractions of all slices of each of them.  Raises
        UserError for negative seeds or indices.
        """
        self._origin = (name, seed, index)
        self._remembers = remembers
        self._anatomies: dict[tuple[float, float], Anatomy] = {}
        self._painted: dict[object, list[Painted]] = {}
        self._fields = draw_fields(self._seeds()[1].spawn(SCAN_STREAMS))

    def imaged(
        self,
        protocol: Protocol,
        coarsening: float = 1.0,
        slices: int | None = None,
        *,
        keep_fractions: bool = False,
    ) -> SimulatedPatient:
        """Return the images of one examination; see ``simulate_patient``."""
        grid = make_grid(protocol, coarsening, slices)
        anatomy = self._anatomy(protocol)
        _, scan_seed, noise_seed = self._seeds()
        streams = scan_seed.spawn(SCAN_STREAMS)
        scan = draw_scan(protocol, anatomy, grid, self._fields, streams)
        rng = np.random.default_rng(noise_seed)
        stored, fractions = [], []
        for painted in self._slices(anatomy, grid):
            stored.append(acquire(scan, grid, painted, rng))
            fractions += [painted.fractions] if keep_fractions else []
        return SimulatedPatient(
            images={name: np.concatenate([part[name] for part in stored]) for name in stored[0]},
            spacing=(grid.voxel_mm[1], grid.voxel_mm[0], grid.spacing_mm),
            origin=(float(grid.x[0]), float(grid.y[0]), float(grid.z[0])),
            direction=_IDENTITY,
            sidecars={m: sidecar(protocol, m, grid) for m in MODALITIES},
            fractions=np.concatenate(fractions, axis=1) if keep_fractions else None,
        )

    def _seeds(self) -> list[np.random.SeedSequence]:
        """Those of anatomy, scan and noise, new each time: a sequence counts what it spawned."""
        return _seed_sequence(*self._origin).spawn(3)

    def _anatomy(self, protocol: Protocol) -> Anatomy:
        size, atrophy = protocol.tumour_size, protocol.atrophy
        if (size, atrophy) not in self._anatomies:
            self._anatomies[size, atrophy] = Anatomy.random(
                self._seeds()[0], tumour_size=size, atrophy=atrophy
            )
        return self._anatomies[size, atrophy]

    def _slices(self, anatomy: Anatomy, grid: Grid) -> Iterable[Painted]:
        painting = (paint(anatomy, grid, numbers) for numbers in chunks(grid))
        if not self._remembers:
            return painting
        axes = tuple(axis.tobytes() for axis in (grid.z, grid.y, grid.x))
        key = (id(anatomy), axes, grid.acquired_mm, grid.thickness_mm)
        if key not in self._painted:
            self._painted[key] = list(painting)
        return self._painted[key]


def _seed_sequence(name: str, seed: int, index: int) -> np.random.SeedSequence:
    """Hash the institution's name with SHA-256: Python's own hash changes between runs."""
    if seed < 0 or index < 0:
        raise UserError(f"simulation seed {seed} and patient index {index} must not be negative")
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), np.dtype("<u4"))
    return np.random.SeedSequence([*words.tolist(), seed, index])
