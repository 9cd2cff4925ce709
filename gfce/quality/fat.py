"""Whether a series is fat-suppressed, from the images alone.

Fat has a short T1: on a T1w spin echo without suppression it is 2.5 to 3 times as bright as muscle
or brain, and no other large tissue is. So fat is looked for on T1w, and where it is found its
signal on CE and T2w says whether it was suppressed there. Thresholds: docs/quality.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gfce.images.arrays import Mask, Volume
from gfce.images.soft_tissue import soft_tissue
from gfce.quality.columns import CANNOT_SAY, NO, YES
from gfce.quality.head import Head

BRIGHT = 1.6
"""How many times the head's median T1w fat is at least: the geometric mean of 1 and 2.6, which is
fat over muscle (spin echo, TR 450 to 750 ms)."""
RIM_MM = (2.0, 10.0)
"""Depth below the outside of the head at which subcutaneous fat lies; a brain has grey matter and
fluid there, which are dark."""
SMALLEST_RIM = 0.24
"""Share of the rim that is bright where fat is in view and T1w is not fat-suppressed."""
REFERENCE_PERCENTILE = 25
"""Of soft tissue's ratio to T1w: muscle and white matter, because grey matter and oedema are
brighter on T2w, and what takes up contrast agent on CE."""
FAT_PERCENTILE = 40
"""Of fat's ratio to T1w: suppression fails in a part of the fat, near air and at the neck."""
LIMITS = {"ce": (0.55, 0.7), "t2w": (0.65, 0.8)}
"""Ratios below and above which fat is said to be suppressed, or not, by series. By the spin-echo
equation the ratio to muscle or white matter without suppression is at least 0.73 on CE, where
muscle takes up contrast agent, and 0.85 on T2w; the part that suppression leaves is 0.08 to 0.26,
and more where the field is uneven."""


@dataclass(frozen=True)
class Fat:
    """What T1w says about fat.

    Attributes:
        bright_rim: share of the rim that is as bright as fat.
        fat: voxels that are as bright as fat, (slice, row, column).
        tissue: voxels of other tissue, (slice, row, column).
    """

    bright_rim: float
    fat: Mask
    tissue: Mask

    @property
    def in_view(self) -> bool:
        """Whether subcutaneous fat is in the images, and bright on T1w."""
        return self.bright_rim >= SMALLEST_RIM and bool(self.tissue.any())


def find_fat(head: Head) -> Fat:
    """Look for fat on T1w."""
    t1w = head.volumes["t1w"]
    median = float(np.median(t1w[head.mask]))
    if median <= 0:  # no magnitudes: ratios mean nothing
        return Fat(0.0, np.zeros_like(head.mask), np.zeros_like(head.mask))
    bright = head.mask & (t1w > BRIGHT * median)
    rim = head.mask & (head.depth_mm > RIM_MM[0]) & (head.depth_mm <= RIM_MM[1])
    share = float(bright[rim].mean()) if rim.any() else 0.0
    return Fat(share, bright, soft_tissue(t1w, head.mask))


def fat_ratio(fat: Fat, t1w: Volume, volume: Volume) -> float | None:
    """Fat against other tissue in a volume, over the same on T1w (None: no fat is in view).

    The ratio to T1w is taken voxel by voxel, so that the coils' sensitivity drops out. It is about
    1 where fat is not suppressed, and the part of the fat signal that is left where it is.

    Args:
        fat: where fat is.
        t1w: raw units, (slice, row, column).
        volume: CE or T2w, raw units, (slice, row, column).
    """
    if not fat.in_view:
        return None
    other = float(np.percentile(volume[fat.tissue] / t1w[fat.tissue], REFERENCE_PERCENTILE))
    if other <= 0:
        return None
    return float(np.percentile(volume[fat.fat] / t1w[fat.fat], FAT_PERCENTILE)) / other


def judge(modality: str, ratio: float | None) -> str:
    """Whether CE or T2w of this fat ratio is fat-suppressed: yes, no or cannot say."""
    suppressed, not_suppressed = LIMITS[modality]
    if ratio is None or suppressed <= ratio <= not_suppressed:
        return CANNOT_SAY
    return YES if ratio < suppressed else NO


def judge_t1w(fat: Fat) -> str:
    """Whether T1w is fat-suppressed: no where fat is bright, otherwise it cannot be said."""
    return NO if fat.in_view else CANNOT_SAY


def majority(answers: Iterable[str]) -> str:
    """What most of an institution's patients who can be judged say."""
    counts = Counter(answers)
    if counts[YES] == counts[NO]:
        return CANNOT_SAY
    return YES if counts[YES] > counts[NO] else NO
