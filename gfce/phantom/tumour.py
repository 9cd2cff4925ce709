"""A nasopharyngeal carcinoma of random size, side, extension and uptake."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from gfce.phantom.canvas import Box, Canvas
from gfce.phantom.fields import FloatArray
from gfce.phantom.measures import Pair, Triple, measures, mixture
from gfce.phantom.shapes import Ellipsoid, smooth_union

# Width of the fillet between lobes, and of the edge of a necrotic core (mm).
_FILLET_MM = 6.0
_NECROSIS_EDGE_MM = 3.0


@dataclass(frozen=True)
class _Routes:
    """Steps (x, y, z) of local spread from a first lobe of radius ``_Carcinoma.step_radius_mm``.

    King and Bhatia, World J. Radiol. 2(5):159-165 (2010), review the patterns of spread; the
    lengths are not theirs.
    """

    parapharyngeal_mm: Triple
    clivus_mm: Triple
    nasal_cavity_mm: Triple
    oropharynx_mm: Triple
    sphenoid_sinus_mm: Triple
    across_midline_mm: Triple


@dataclass(frozen=True)
class _Carcinoma:
    """Where a carcinoma starts and how it varies: standard deviations (``sd``) and ranges.

    The first lobe is at ``start_mm``; a further one goes the part ``step`` of its route (longer in
    proportion to the first lobe's radius over ``step_radius_mm``), with a radius ``spread`` times
    the first one's. ``aspect`` stretches every lobe along x, y and z. ``necrosis_share`` of tumours
    have a necrotic core, ``necrosis_depth`` of the largest radius below their surface.
    """

    start_mm: Triple
    start_sd_mm: Triple
    radius_mm: Pair
    step: Pair
    step_radius_mm: float
    spread: Pair
    aspect: Triple
    ragged_mm: Pair
    infiltration_mm: Pair
    uptake_log_sd: float
    uptake_range: Pair
    necrosis: Pair
    necrosis_share: float
    necrosis_depth: float


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
        position = canvas.at(box, self.side)
        rx, ry, rz = measures(_Carcinoma, "carcinoma").aspect
        result: FloatArray | None = None
        for x, y, z, radius in self.lobes:
            shape = Ellipsoid((x, y, z), (radius * rx, radius * ry, radius * rz))
            lobe = shape.distance(*position)
            result = lobe if result is None else smooth_union(result, lobe, _FILLET_MM)
        assert result is not None
        # The weights of the two random fields in the raggedness.
        ragged = 0.7 * canvas.noise["coarse"][box] + 0.5 * canvas.noise["medium"][box]
        return box, result + np.float32(self.ragged_mm) * ragged


def draw_tumour(rng: np.random.Generator, size: float = 1.0) -> Tumour:
    """Draw a tumour that starts in the lateral recess and spreads along one to three routes.

    ``size`` multiplies the radii, and with them how far it spreads.
    """
    typical = measures(_Carcinoma, "carcinoma")
    return Tumour(
        side=int(rng.choice((-1, 1))),
        lobes=_draw_lobes(rng, typical, size),
        ragged_mm=float(rng.uniform(*typical.ragged_mm)),
        infiltration_mm=float(rng.uniform(*typical.infiltration_mm)),
        uptake=float(np.clip(rng.lognormal(0.0, typical.uptake_log_sd), *typical.uptake_range)),
        necrosis=float(rng.uniform(*typical.necrosis) * (rng.random() < typical.necrosis_share)),
    )


def _draw_lobes(
    rng: np.random.Generator, typical: _Carcinoma, size: float
) -> tuple[tuple[float, float, float, float], ...]:
    routes = astuple(measures(_Routes, "carcinoma_routes"))
    start = np.array(typical.start_mm) + rng.normal(0, typical.start_sd_mm)
    radius = float(rng.uniform(*typical.radius_mm)) * size
    lobes = [(*start, radius)]
    for route in rng.permutation(len(routes))[: rng.integers(1, 4)]:
        part = rng.uniform(*typical.step)
        step = np.array(routes[route]) * part * (radius / typical.step_radius_mm)
        lobes.append((*(start + step), radius * float(rng.uniform(*typical.spread))))
    return tuple((float(x), float(y), float(z), float(r)) for x, y, z, r in lobes)


def paint_tumour(canvas: Canvas, tumour: Tumour) -> FloatArray:
    """Paint the tumour into all but brain and skin; return its mask fraction, the canvas' shape."""
    mask = np.zeros(canvas.x.shape, np.float32)
    located = tumour.distance(canvas)
    if located is None:
        return mask
    box, distance = located
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
        core = distance + np.float32(measures(_Carcinoma, "carcinoma").necrosis_depth * radius)
        canvas.paint(
            mixture("necrosis"),
            core,
            box,
            strength=tumour.necrosis,
            softness_mm=_NECROSIS_EDGE_MM,
        )
    return np.clip(mask, 0, 1)
