"""From patient coordinates to the atlas: pose, size and a smooth random warp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gfce.phantom.fields import FloatArray, SmoothField
from gfce.phantom.measures import Pair, Triple, measures
from gfce.phantom.variation import Habitus


@dataclass(frozen=True)
class _Placing:
    """The atlas point at the centre of the field of view, and the details of the random warps.

    The amplitude of the widest warp is the patient's (``Habitus.warp_mm``), that of the two
    narrower ones is ``amplitude_mm``.
    """

    centre_mm: Triple
    detail_mm: Triple
    amplitude_mm: Pair


@dataclass(frozen=True)
class Frame:
    """Maps patient coordinates (LPS, mm, isocentre at zero) to atlas coordinates (mm).

    The atlas is centred on the nasopharynx; its axes are those of the patient.
    """

    matrix: npt.NDArray[np.float64]
    offset: npt.NDArray[np.float64]
    warps: tuple[tuple[float, tuple[SmoothField, SmoothField, SmoothField]], ...]

    @classmethod
    def random(cls, habitus: Habitus, rng: np.random.Generator) -> Frame:
        """Build the map of one patient: a pose, then warps of ever finer detail."""
        placing = measures(_Placing, "placing")
        matrix = np.diag(1 / np.asarray(habitus.scale)) @ _rotation(habitus.rotation_deg)
        offset = np.asarray(placing.centre_mm) - matrix @ np.asarray(habitus.shift_mm)
        amplitudes = (habitus.warp_mm, *placing.amplitude_mm)
        warps = tuple(
            (amplitude, tuple(SmoothField.random(rng, detail) for _ in range(3)))
            for detail, amplitude in zip(placing.detail_mm, amplitudes, strict=True)
        )
        return cls(matrix, offset, warps)  # type: ignore[arg-type]

    def to_atlas(
        self,
        z: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return atlas x, y, z, each (slice, row, column), of a grid of 1D coordinates (mm)."""
        axes = (x[None, None, :], y[None, :, None], z[:, None, None])
        result = []
        for row, offset, component in zip(self.matrix, self.offset, range(3), strict=True):
            value = sum((w * a for w, a in zip(row, axes, strict=True)), np.asarray(offset))
            moved = np.asarray(value, np.float32)
            for amplitude, fields in self.warps:
                moved = moved + np.float32(amplitude) * fields[component].sample(z, y, x)
            result.append(moved)
        return result[0], result[1], result[2]


def _rotation(degrees: tuple[float, float, float]) -> npt.NDArray[np.float64]:
    """Rotation about x (nod), then y (tilt), then z (turn)."""
    nod, tilt, turn = np.deg2rad(degrees)
    about_x = [[1, 0, 0], [0, np.cos(nod), -np.sin(nod)], [0, np.sin(nod), np.cos(nod)]]
    about_y = [[np.cos(tilt), 0, np.sin(tilt)], [0, 1, 0], [-np.sin(tilt), 0, np.cos(tilt)]]
    about_z = [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    return np.asarray(about_z) @ np.asarray(about_y) @ np.asarray(about_x)
