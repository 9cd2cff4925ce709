"""One patient's anatomy: tissue fractions at any position."""

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
from gfce.phantom.jaw import TEETH, paint_jaw
from gfce.phantom.measures import measures
from gfce.phantom.orbits import paint_orbits
from gfce.phantom.tumour import Tumour, draw_tumour, paint_tumour
from gfce.phantom.variation import Habitus, draw_habitus
from gfce.phantom.vessels import paint_vessels

# Details (mm) of the random fields that roughen surfaces and mottle tissues.
_DETAIL_MM: dict[str, float] = {
    "coarse": 14.0,
    "medium": 5.0,
    "fold": 6.5,
    "fine": 2.6,
}


@dataclass(frozen=True)
class _Marbling:
    """Fractions of another tissue in muscle, fat and parotid, where ``Habitus.fat`` is 1.

    ``muscle_fat`` is that per standard deviation of a random field, ``strand_muscle`` that of the
    fibrous strands in fat; the parotid's varies by ``parotid_fat_sd``. A ``most`` is a limit.
    """

    muscle_fat: float
    muscle_fat_most: float
    strand_muscle: float
    parotid_fat: float
    parotid_fat_sd: float
    parotid_fat_most: float


@dataclass(frozen=True)
class Anatomy:
    """The random properties of one patient's anatomy, fixed when drawn."""

    habitus: Habitus
    frame: Frame
    atlas: Atlas
    tumour: Tumour
    missing_teeth: frozenset[int]
    noise: dict[str, SmoothField]

    @classmethod
    def random(
        cls, sequence: np.random.SeedSequence, *, tumour_size: float = 1.0, atrophy: float = 1.0
    ) -> Anatomy:
        """Draw a patient; each part has its own stream, so none depends on another's draws.

        ``tumour_size`` and ``atrophy`` are those of the institution (``Protocol``).
        """
        streams = [np.random.default_rng(child) for child in sequence.spawn(6)]
        habitus = draw_habitus(streams[0], atrophy)
        teeth = streams[4].permutation(TEETH)[: streams[4].integers(0, 5)]
        return cls(
            habitus=habitus,
            frame=Frame.random(habitus, streams[1]),
            atlas=Atlas.random(streams[2], habitus),
            tumour=draw_tumour(streams[3], tumour_size),
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
    marbling = measures(_Marbling, "marbling")
    # Fat is at the crests of the fine field, and strands are where the medium one crosses zero.
    crests = np.clip(canvas.noise["fine"] - 1.2, 0, 1)
    fat = crests * np.float32(marbling.muscle_fat * habitus.fat)
    canvas.replace("muscle", "fat", np.clip(fat, 0, marbling.muscle_fat_most))
    strands = np.clip(1.0 - np.abs(canvas.noise["medium"]) * 6.0, 0, 1)
    canvas.replace("fat", "muscle", strands * np.float32(marbling.strand_muscle))


def _lobulate_parotid(canvas: Canvas, habitus: Habitus) -> None:
    """Fat between the lobules of the parotid, more in patients with more fat."""
    marbling = measures(_Marbling, "marbling")
    lobules = marbling.parotid_fat + marbling.parotid_fat_sd * canvas.noise["medium"]
    fat = np.clip(lobules * np.float32(habitus.fat), 0, marbling.parotid_fat_most)
    canvas.replace("parotid", "fat", fat)
