"""The outside of the head: face-shaped outline with nose and ears, skin and subcutaneous fat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfce.phantom.atlas import Atlas
from gfce.phantom.canvas import Canvas
from gfce.phantom.contours import read_surface
from gfce.phantom.fields import FloatArray
from gfce.phantom.measures import Pair, Triple, measures, mixture
from gfce.phantom.shapes import Stack, smooth_union
from gfce.phantom.variation import Habitus

# Width of the fillet between nose and face, and of the edge of soft mixtures (mm).
_FILLET_MM = 9.0
_SOFT_EDGE_MM = 3.0


@dataclass(frozen=True)
class _Skin:
    """Thickness of the skin: of the head, of the ear, and over the soft nose."""

    thickness_mm: float
    ear_mm: float
    nose_mm: float


@dataclass(frozen=True)
class _SubcutaneousFat:
    """Thickness of the fat under the skin: that of the whole head and what is added to it.

    Cheek and nape are Gaussian in position, with a centre and a width (x, y, z and y, z); the
    scalp's fat is added above ``scalp_z_mm``, over about ``scalp_over_mm``. ``variation`` is the
    relative standard deviation from place to place.
    """

    everywhere_mm: float
    cheek_mm: float
    cheek_centre_mm: Triple
    cheek_width_mm: Triple
    nape_mm: float
    nape_centre_mm: Pair
    nape_width_mm: Pair
    scalp_mm: float
    scalp_z_mm: float
    scalp_over_mm: float
    variation: float


def head_distance(canvas: Canvas, nose: Stack) -> FloatArray:
    """Return the signed distance (mm) to the skin, nose included, ears not."""
    head = read_surface("head").distance(canvas.x, canvas.y, canvas.z)
    box = canvas.window(nose.bounds)
    if box is not None:
        head[box] = smooth_union(head[box], nose.distance(*canvas.at(box)), _FILLET_MM)
    return head


def fat_thickness(canvas: Canvas, fat: float) -> FloatArray:
    """Return the subcutaneous fat thickness (mm): thick at cheek and nape, thin at the scalp.

    ``fat`` is the patient's factor on the atlas (``Habitus.fat``).
    """
    layer = measures(_SubcutaneousFat, "subcutaneous_fat")
    x, y, z = np.abs(canvas.x), canvas.y, canvas.z
    cheek = _bump((x, y, z), layer.cheek_centre_mm, layer.cheek_width_mm)
    nape = _bump((y, z), layer.nape_centre_mm, layer.nape_width_mm)
    scalp = 1 / (1 + np.exp(-(z - layer.scalp_z_mm) / layer.scalp_over_mm))
    thickness = layer.everywhere_mm + layer.cheek_mm * cheek + layer.nape_mm * nape
    thickness = (thickness + layer.scalp_mm * scalp) * fat
    return np.asarray(thickness * (1 + layer.variation * canvas.noise["coarse"]), np.float32)


def _bump(
    position: tuple[FloatArray, ...], centre: tuple[float, ...], width: tuple[float, ...]
) -> FloatArray:
    """One at a centre (mm), falling off to 1/e at a width (mm) along each axis."""
    squares = [((p - c) / w) ** 2 for p, c, w in zip(position, centre, width, strict=True)]
    return np.asarray(np.exp(-sum(squares[1:], squares[0])))


def paint_head(canvas: Canvas, habitus: Habitus, atlas: Atlas) -> None:
    """Paint ears, skin, subcutaneous fat, the loose tissue inside and the nose."""
    skin = measures(_Skin, "skin")
    for side in (1, -1):
        auricle = atlas.shape("auricle", side)
        box = canvas.window(auricle.bounds, side)
        if box is not None:
            distance = auricle.distance(*canvas.at(box, side))
            canvas.paint("skin", distance, box)
            canvas.paint("cartilage", distance + skin.ear_mm, box)
    head = head_distance(canvas, atlas.shape("nose"))
    canvas.paint("skin", head)
    canvas.paint("fat", head + skin.thickness_mm)
    canvas.skin = head
    canvas.deep = head + skin.thickness_mm + fat_thickness(canvas, habitus.fat)
    canvas.paint(mixture("loose_tissue"), canvas.deep, softness_mm=_SOFT_EDGE_MM)
    _paint_nose(canvas, atlas.shape("nose"))


def _paint_nose(canvas: Canvas, nose: Stack) -> None:
    """The soft nose: cartilage and dense tissue under the skin, with little fat."""
    box = canvas.window(nose.bounds)
    if box is not None:
        skin = measures(_Skin, "skin")
        inside = nose.distance(*canvas.at(box)) + skin.nose_mm
        soft = np.maximum(inside, canvas.skin[box] + skin.thickness_mm)
        canvas.paint(mixture("soft_nose"), soft, box, softness_mm=_SOFT_EDGE_MM)
