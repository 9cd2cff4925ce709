"""The outside of the head: face-shaped outline with nose and ears, skin and subcutaneous fat."""

from __future__ import annotations

import numpy as np

from gfce.phantom.atlas import Atlas
from gfce.phantom.canvas import Canvas
from gfce.phantom.contours import read_surface
from gfce.phantom.fields import FloatArray
from gfce.phantom.shapes import Stack, smooth_union
from gfce.phantom.variation import Habitus

SKIN_MM = 1.7


def head_distance(canvas: Canvas, nose: Stack) -> FloatArray:
    """Return the signed distance (mm) to the skin, nose included, ears not."""
    head = read_surface("head", 20.0).distance(canvas.x, canvas.y, canvas.z)
    box = canvas.window(nose.bounds)
    if box is not None:
        x, y, z = canvas.at(box)
        head[box] = smooth_union(head[box], nose.distance(x, y, z), 9.0)
    return head


def fat_thickness(canvas: Canvas, fat: float) -> FloatArray:
    """Return the subcutaneous fat thickness (mm): thick at cheek and nape, thin at the scalp."""
    x, y, z = np.abs(canvas.x), canvas.y, canvas.z
    cheek = np.exp(-(((x - 42) / 17) ** 2 + ((y + 54) / 17) ** 2 + ((z + 12) / 32) ** 2))
    nape = np.exp(-(((y - 92) / 28) ** 2 + ((z + 35) / 40) ** 2))
    scalp = 1 / (1 + np.exp(-(z - 15) / 8))
    thickness = (2.6 + 8 * cheek + 4.2 * nape + 1.2 * scalp) * fat
    return np.asarray(thickness * (1 + 0.2 * canvas.noise["coarse"]), np.float32)


def paint_head(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    """Paint ears, skin, subcutaneous fat, the loose tissue inside and the nose."""
    for side in (1, -1):
        auricle = atlas.shape("auricle", side)
        box = canvas.window(auricle.bounds, side)
        if box is not None:
            distance = auricle.distance(*canvas.at(box, side))
            canvas.paint("skin", distance, box)
            canvas.paint("cartilage", distance + np.float32(1.2), box)
    head = head_distance(canvas, atlas.shape("nose"))
    canvas.paint("skin", head)
    canvas.paint("fat", head + np.float32(SKIN_MM))
    canvas.skin = head
    canvas.deep = head + np.float32(SKIN_MM) + fat_thickness(canvas, habitus.fat)
    canvas.paint({"fat": 0.85, "muscle": 0.15}, canvas.deep, softness_mm=3.0)
    _paint_nose(canvas, atlas.shape("nose"))


def _paint_nose(canvas: Canvas, nose: Stack) -> None:
    """The soft nose: cartilage and muscle under the skin, with little fat."""
    box = canvas.window(nose.bounds)
    if box is not None:
        place = canvas.at(box)
        soft = np.maximum(nose.distance(*place) + 1.5, canvas.skin[box] + np.float32(SKIN_MM))
        canvas.paint({"cartilage": 0.4, "skin": 0.35, "fat": 0.25}, soft, box, softness_mm=3.0)
