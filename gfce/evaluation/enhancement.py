"""What a synthetic CE volume shows of the contrast agent's uptake, against the real one.

Series differ in gain. A CE volume, real or synthetic, is divided by its own gain against T1w: the
median of CE / T1w over soft tissue outside the tumour, of which most takes up little. What is then
above T1w is enhancement. docs/scorecard.md says what the numbers mean, and how far they are right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from gfce.images.arrays import Mask, Volume
from gfce.images.soft_tissue import soft_tissue
from gfce.memoising import Memoising

SHELL_MM = (2.0, 10.0)
"""Distance from the tumour at which its background lies: nearer, voxels hold part of the tumour."""
MIN_BACKGROUND = 20
"""The fewest voxels of soft tissue that make a background."""
NO_GAIN = "no gain against T1w: not positive in soft tissue"
NO_MASK = "no tumour mask, or none of its voxels on the study's grid"
NO_BACKGROUND = "no soft tissue around the tumour"

Map = NDArray[np.float32]


@dataclass(frozen=True)
class BeforeAgent(Memoising):
    """A patient before contrast agent.

    Attributes:
        t1w: raw units, (slice, row, column).
        head: (slice, row, column).
        tumour: (slice, row, column); None: there is no mask.
        spacing_mm: of slices, rows and columns.
    """

    t1w: Volume
    head: Mask
    tumour: Mask | None
    spacing_mm: tuple[float, float, float]

    @property
    def voxel_ml(self) -> float:
        """The volume of a voxel."""
        return float(np.prod(self.spacing_mm)) / 1000


def reference_tissue(before: BeforeAgent) -> Mask:
    """Soft tissue of the head outside the tumour, (slice, row, column)."""
    if not before.head.any():
        return before.head
    tissue = soft_tissue(before.t1w, before.head)
    return tissue if before.tumour is None else tissue & ~before.tumour


def reference_signal(before: BeforeAgent) -> float:
    """The median of T1w over the reference tissue, raw units (NaN: there is none)."""
    values = before.t1w[before.once(reference_tissue)]
    return float(np.median(values)) if values.size else float("nan")


def background(before: BeforeAgent) -> Mask:
    """Soft tissue in a shell around the tumour, (slice, row, column); there must be a tumour."""
    assert before.tumour is not None
    box = _box(before.tumour, before.spacing_mm)
    distance = distance_transform_edt(~before.tumour[box], sampling=before.spacing_mm)
    shell = np.zeros_like(before.tumour)
    shell[box] = (distance > SHELL_MM[0]) & (distance <= SHELL_MM[1])
    return shell & before.once(reference_tissue)


def _box(tumour: Mask, spacing_mm: tuple[float, float, float]) -> tuple[slice, ...]:
    """The part of the volume that holds the tumour and its shell."""
    margins = (int(SHELL_MM[1] / length) + 1 for length in spacing_mm)
    found = (np.flatnonzero(tumour.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1)))
    return tuple(
        slice(max(0, places[0] - margin), places[-1] + margin + 1)
        for places, margin in zip(found, margins, strict=True)
    )


def gain(before: BeforeAgent, ce: Volume) -> float | None:
    """The median of CE / T1w over the reference tissue; None: no number above 0.

    The median bears that up to half of the tissue, such as mucosa and vessels, enhances, and does
    not depend on how noisy or smooth the image is. In the simulator it is 9 % above the gain of
    tissue without agent, because muscle takes up some, with an SD of 2 % between patients; a line
    with an intercept is far off, because soft tissue has too narrow a range of T1w for a slope.
    """
    tissue = before.once(reference_tissue)
    if not tissue.any():
        return None
    ratio = float(np.median(ce[tissue] / before.t1w[tissue]))
    return ratio if ratio > 0 else None


def enhancement_map(before: BeforeAgent, scaled: Volume) -> Map:
    """CE - T1w in multiples of the reference tissue's T1w signal, (slice, row, column).

    Args:
        before: the patient.
        scaled: CE divided by its gain, (slice, row, column).
    """
    return (scaled - before.t1w) / np.float32(before.once(reference_signal))


def compare_enhancement(
    before: BeforeAgent, real: Volume, synthetic: Volume, threshold: float
) -> dict[str, Any]:
    """The columns of enhancement.csv for one synthetic volume; what is not known is None.

    Args:
        before: the patient.
        real: the real CE volume, raw units, (slice, row, column).
        synthetic: the synthetic one, likewise.
        threshold: from which enhancement on a voxel enhances.
    """
    volumes = {"real": real, "synthetic": synthetic}
    gains = {name: gain(before, volume) for name, volume in volumes.items()}
    row: dict[str, Any] = {f"gain_{name}": value for name, value in gains.items()}
    row["tumour_ml"] = None
    if before.tumour is not None:
        row["tumour_ml"] = before.voxel_ml * int(np.count_nonzero(before.tumour))
    if missing := [name for name, value in gains.items() if value is None]:
        return row | {"reason": f"{' and '.join(missing)}: {NO_GAIN}"}
    scaled = {name: volume / np.float32(gains[name]) for name, volume in volumes.items()}
    maps = {name: enhancement_map(before, volume) for name, volume in scaled.items()}
    row |= _volumes(before, maps["real"], maps["synthetic"], threshold)
    row |= _errors("head", before.head, maps["real"], maps["synthetic"])
    if before.tumour is None:
        return row | {"reason": NO_MASK}
    row |= _errors("tumour", before.tumour, maps["real"], maps["synthetic"])
    ratios = {f"enhancement_ratio_{n}": enhancement_ratio(before, v) for n, v in scaled.items()}
    return row | ratios | _contrasts(before, scaled)


def enhancement_ratio(before: BeforeAgent, scaled: Volume) -> float | None:
    """Mean of CE, divided by its gain, over mean of T1w, in the tumour (None: T1w is 0 there).

    1 + the contrast enhancement percentage / 100 of Bone et al., Invest Radiol 57:527 (2022).
    """
    signal = float(before.t1w[before.tumour].mean(dtype=np.float64))
    return float(scaled[before.tumour].mean(dtype=np.float64)) / signal if signal > 0 else None


def _volumes(before: BeforeAgent, real: Map, synthetic: Map, threshold: float) -> dict[str, float]:
    """What enhances in the head, in ml: in each image, and in one of them alone."""
    enhances, shown = (before.head & (each >= threshold) for each in (real, synthetic))
    masks = {
        "enhancing_ml_real": enhances,
        "enhancing_ml_synthetic": shown,
        "over_enhancement_ml": shown & ~enhances,
        "under_enhancement_ml": enhances & ~shown,
    }
    return {name: before.voxel_ml * int(np.count_nonzero(mask)) for name, mask in masks.items()}


def _errors(name: str, region: Mask, real: Map, synthetic: Map) -> dict[str, float]:
    """Mean error of what is above 0 in the maps, and that of T1w itself, which enhances nowhere.

    Below 0 is signal that CE has lost, such as suppressed fat's: that is no enhancement.
    """
    true, shown = (np.maximum(each[region], 0) for each in (real, synthetic))
    return {
        f"enhancement_error_{name}": float(np.abs(shown - true).mean(dtype=np.float64)),
        f"enhancement_error_{name}_t1w": float(true.mean(dtype=np.float64)),
    }


def _contrasts(before: BeforeAgent, scaled: dict[str, Volume]) -> dict[str, Any]:
    """Contrast-to-noise ratios of the tumour, (mean - background's mean) / background's SD.

    The SD is that of the real image for both: a synthetic image is smoother, and would by its own
    SD have the larger ratio for the same contrast.
    """
    around = before.once(background)
    if np.count_nonzero(around) < MIN_BACKGROUND:
        return {"reason": NO_BACKGROUND}
    noise = float(scaled["real"][around].std(dtype=np.float64))
    if noise == 0:
        return {"reason": NO_BACKGROUND}
    contrasts = {name: _difference(before.tumour, around, each) for name, each in scaled.items()}
    return {f"cnr_{name}": contrast / noise for name, contrast in contrasts.items()}


def _difference(tumour: Mask | None, around: Mask, scaled: Volume) -> float:
    inside, outside = (scaled[region].mean(dtype=np.float64) for region in (tumour, around))
    return float(inside - outside)
