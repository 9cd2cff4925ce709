"""Mandible body, tooth-bearing arches and teeth."""

from __future__ import annotations

import numpy as np

from gfce.phantom.canvas import Canvas
from gfce.phantom.fields import FloatArray

# The dental arch: half an ellipse in front of its centre (mm).
_ARCH_Y = -24.0
_ARCH_A = 25.5
_ARCH_B = 40.0


def _arch(
    x: FloatArray, y: FloatArray, a: float | FloatArray, b: float | FloatArray, end: float
) -> FloatArray:
    """Distance (mm) from the centre line of a U-shaped arch open to the back at y = ``end``."""
    u, v = x / a, np.minimum(y - np.float32(_ARCH_Y), 0) / b
    q = np.sqrt(u * u + v * v) + np.float32(1e-6)
    gradient = np.sqrt((u / a) ** 2 + (v / b) ** 2) / q
    across = (q - 1) / (gradient + np.float32(1e-6))
    return np.asarray(np.hypot(across, np.clip(y - np.float32(end), 0, None)), np.float32)


def _band(z: FloatArray, low: float, high: float) -> FloatArray:
    return np.asarray(np.maximum(low - z, z - high), np.float32)


def paint_jaw(canvas: Canvas, missing: frozenset[int]) -> None:
    """Paint mandible, alveolar processes, gums and teeth; ``missing`` numbers absent teeth."""
    box = canvas.window(np.array([[-52.0, 52.0], [-84.0, 2.0], [-66.0, -6.0]]))
    if box is None:
        return
    x, y, z = canvas.at(box)
    flare = np.clip((-34 - z) / 22, 0, 1)
    back = np.clip((y + 45) / 40, 0, 1)
    wide = _ARCH_A + 1.5 + 4 * flare + 13 * back * np.clip((-26 - z) / 10, 0, 1)
    mandible = _arch(x, y, wide, _ARCH_B + 1.5 + 5 * flare, -14.0)
    body = np.maximum(mandible - (5.2 + 0.8 * flare), _band(z, -60, -33))
    alveoli = _arch(x, y, _ARCH_A, _ARCH_B, -18.0)
    lower = np.maximum(alveoli - 5.0, _band(z, -38, -31))
    upper = np.maximum(alveoli - 5.6, _band(z, -17, -7))
    gums = np.maximum(alveoli - 6.6, _band(z, -39, -8))
    canvas.paint({"mucosa": 0.22, "muscle": 0.58, "fat": 0.2}, gums, box)
    bones = ((body, 2.0), (lower, 1.3), (upper, 1.1))
    for bone, _ in bones:
        canvas.paint("cortical_bone", bone, box)
    for bone, rim in bones:
        canvas.paint("marrow", bone + np.float32(rim), box)
    for index, centre in enumerate(_tooth_centres()):
        if index not in missing:
            _paint_tooth(canvas, centre, index)


def _tooth_centres() -> list[tuple[float, float]]:
    """Sixteen places at equal arc length along the dental arch, from right to left."""
    t = np.linspace(-np.pi / 2, np.pi / 2, 400)
    px, py = _ARCH_A * np.sin(t), _ARCH_Y - _ARCH_B * np.cos(t)
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(px), np.diff(py)))])
    at = np.linspace(0.02, 0.98, 15) * length[-1]
    return [(float(np.interp(s, length, px)), float(np.interp(s, length, py))) for s in at]


def _paint_tooth(canvas: Canvas, centre: tuple[float, float], index: int) -> None:
    """Crown and roots of the upper and the lower tooth: no signal but for the pulp."""
    cx, cy = centre
    molar = abs(index - 7) >= 4
    radius = 4.0 if molar else 3.0
    bounds = np.array([[cx - 6, cx + 6], [cy - 6, cy + 6], [-40.0, -10.0]])
    box = canvas.window(bounds)
    if box is None:
        return
    x, y, z = canvas.at(box)
    crown = np.exp(-(((z + 24) / 9) ** 2)) * 0.35 + 0.65
    distance = np.hypot(x - np.float32(cx), y - np.float32(cy)) - radius * crown
    tooth = np.maximum(distance, _band(z, -37, -11))
    canvas.paint("cortical_bone", tooth, box)
    pulp = np.maximum(distance + np.float32(radius * 0.72), _band(z, -35, -13))
    canvas.paint("mucosa", pulp, box, strength=0.5)
