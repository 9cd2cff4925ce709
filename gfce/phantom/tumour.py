"""A nasopharyngeal carcinoma of random size, side, extension and uptake."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfce.phantom.canvas import Box, Canvas
from gfce.phantom.fields import FloatArray
from gfce.phantom.shapes import ellipsoid, smooth_union

# Directions in which the carcinoma spreads (mm, left side): parapharyngeal, clivus, nasal cavity,
# oropharynx, sphenoid sinus, across the midline.  Source: King, Eur. J. Radiol. 66:183 (2008).
_ROUTES = ((13, 3, 2), (-6, 9, 8), (-4, -14, 3), (1, 2, -13), (-6, -5, 13), (-16, 1, 2))


@dataclass(frozen=True)
class Tumour:
    """Lobes (x, y, z, radius in mm) that blend, how ragged and how infiltrating they are.

    ``uptake`` multiplies the tabulated uptake; ``necrosis`` is how much of the core takes up none.
    """

    side: int
    lobes: tuple[tuple[float, float, float, float], ...]
    ragged_mm: float
    infiltration_mm: float
    uptake: float
    necrosis: float

    def distance(self, canvas: Canvas) -> tuple[Box, FloatArray] | None:
        """Return the box that holds the tumour and the signed distance (mm) in it."""
        lobes = np.array(self.lobes)
        reach = lobes[:, 3:4] * 1.3 + self.ragged_mm + 2
        bounds = np.stack([(lobes[:, :3] - reach).min(0), (lobes[:, :3] + reach).max(0)], axis=1)
        box = canvas.window(bounds, self.side)
        if box is None:
            return None
        place = canvas.at(box, self.side)
        result: FloatArray | None = None
        for x, y, z, radius in self.lobes:
            lobe = ellipsoid(*place, (x, y, z), (radius, radius * 0.85, radius * 1.15))
            result = lobe if result is None else smooth_union(result, lobe, 6.0)
        assert result is not None
        ragged = 0.7 * canvas.noise["coarse"][box] + 0.5 * canvas.noise["medium"][box]
        return box, result + np.float32(self.ragged_mm) * ragged


def draw_tumour(rng: np.random.Generator) -> Tumour:
    """Draw a tumour that starts in the lateral recess and spreads along one to three routes."""
    side = int(rng.choice((-1, 1)))
    start = np.array([12.0, -2.0, 2.0]) + rng.normal(0, (1.5, 1.0, 2.5))
    radius = float(rng.uniform(5.5, 12.0))
    lobes = [(*start, radius)]
    for route in rng.permutation(len(_ROUTES))[: rng.integers(1, 4)]:
        step = np.array(_ROUTES[route]) * rng.uniform(0.5, 1.0) * (radius / 10)
        lobes.append((*(start + step), radius * float(rng.uniform(0.5, 0.9))))
    return Tumour(
        side=side,
        lobes=tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in lobes),
        ragged_mm=float(rng.uniform(0.8, 1.8)),
        infiltration_mm=float(rng.uniform(1.0, 4.0)),
        uptake=float(np.clip(rng.lognormal(0.0, 0.2), 0.6, 1.6)),
        necrosis=float(rng.uniform(0.2, 0.8) * (rng.random() < 0.15)),
    )


def paint_tumour(canvas: Canvas, tumour: Tumour) -> FloatArray:
    """Paint the tumour into all but brain and skin; return its mask fraction, the canvas' shape."""
    mask = np.zeros(canvas.x.shape, np.float32)
    placed = tumour.distance(canvas)
    if placed is None:
        return mask
    box, distance = placed
    before = canvas.fractions[canvas.index["tumour_npc"]][box].copy()
    spared = sum(
        canvas.fractions[canvas.index[name]][box]
        for name in ("skin", "grey_matter", "white_matter", "csf", "arterial_blood")
    )
    strength = np.clip(1 - np.asarray(spared, np.float32), 0, 1)
    canvas.paint("tumour_npc", distance, box, strength=strength, softness_mm=tumour.infiltration_mm)
    mask[box] = canvas.fractions[canvas.index["tumour_npc"]][box] - before
    if tumour.necrosis > 0:
        radius = max(lobe[3] for lobe in tumour.lobes)
        core = distance + np.float32(0.6 * radius)
        canvas.paint(
            {"vitreous": 0.6, "tumour_npc": 0.4},
            core,
            box,
            strength=tumour.necrosis,
            softness_mm=3.0,
        )
    return np.clip(mask, 0, 1)
