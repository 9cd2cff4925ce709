"""One patient's anatomy: tissue fractions wherever they are asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gfce.phantom.airways import paint_airways
from gfce.phantom.atlas import Atlas, paint_muscles, paint_stage
from gfce.phantom.brain import paint_brain
from gfce.phantom.canvas import Canvas
from gfce.phantom.fields import FloatArray, SmoothField
from gfce.phantom.frame import Frame
from gfce.phantom.head import paint_head
from gfce.phantom.jaw import paint_jaw
from gfce.phantom.orbits import paint_orbits
from gfce.phantom.tumour import Tumour, draw_tumour, paint_tumour
from gfce.phantom.variation import Habitus, draw_habitus
from gfce.phantom.vessels import paint_vessels

# Details of the random fields that roughen surfaces and mottle tissues (mm).
_DETAIL_MM: dict[str, float] = {
    "coarse": 14.0,
    "medium": 5.0,
    "fold": 6.5,
    "fine": 2.6,
}


@dataclass(frozen=True)
class Anatomy:
    """Everything that is random about one patient's anatomy, fixed when drawn."""

    habitus: Habitus
    frame: Frame
    atlas: Atlas
    tumour: Tumour
    missing_teeth: frozenset[int]
    noise: dict[str, SmoothField]

    @classmethod
    def random(cls, sequence: np.random.SeedSequence) -> Anatomy:
        """Draw a patient; each part has its own stream, so none depends on another's draws."""
        streams = [np.random.default_rng(child) for child in sequence.spawn(6)]
        habitus = draw_habitus(streams[0])
        teeth = streams[4].permutation(15)[: streams[4].integers(0, 5)]
        return cls(
            habitus=habitus,
            frame=Frame.random(habitus, streams[1]),
            atlas=Atlas.random(streams[2], habitus),
            tumour=draw_tumour(streams[3]),
            missing_teeth=frozenset(int(tooth) for tooth in teeth),
            noise={name: SmoothField.random(streams[5], d) for name, d in _DETAIL_MM.items()},
        )

    def paint(
        self,
        z: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        voxel_mm: float,
    ) -> tuple[Canvas, FloatArray]:
        """Paint the planes at heights ``z``; return them and the tumour's fraction of each voxel.

        ``z``, ``y`` and ``x`` are patient coordinates in mm along each axis.
        """
        noise = {name: field.sample(z, y, x) for name, field in self.noise.items()}
        canvas = Canvas(*self.frame.to_atlas(z, y, x), voxel_mm, noise)
        paint_head(canvas, self.habitus, self.atlas)
        paint_muscles(canvas, self.atlas)
        _infiltrate_fat(canvas, self.habitus)
        paint_stage(canvas, self.atlas, "base")
        paint_brain(canvas, self.habitus, self.atlas)
        paint_stage(canvas, self.atlas, "bone")
        paint_stage(canvas, self.atlas, "cord")
        paint_stage(canvas, self.atlas, "gland")
        _lobulate_parotid(canvas, self.habitus)
        paint_orbits(canvas, self.atlas)
        paint_vessels(canvas, self.atlas)
        paint_jaw(canvas, self.missing_teeth)
        paint_airways(canvas, self.habitus, self.atlas)
        mask = paint_tumour(canvas, self.tumour)
        return canvas, mask


def _infiltrate_fat(canvas: Canvas, habitus: Habitus) -> None:
    """Fat among muscle fibres, and strands of fibrous tissue in fat."""
    marbling = np.clip(canvas.noise["fine"] - 1.2, 0, 1) * np.float32(0.25 * habitus.fat)
    canvas.replace("muscle", "fat", np.clip(marbling, 0, 0.5))
    strands = np.clip(1.0 - np.abs(canvas.noise["medium"]) * 6.0, 0, 1) * np.float32(0.25)
    canvas.replace("fat", "muscle", strands)


def _lobulate_parotid(canvas: Canvas, habitus: Habitus) -> None:
    """Fat between the lobules of the parotid, more in patients with more fat."""
    lobules = (0.14 + 0.16 * canvas.noise["medium"]) * np.float32(habitus.fat)
    canvas.replace("parotid", "fat", np.clip(lobules, 0, 0.6))
