"""Normalized mutual information."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gfce.evaluation.metric import Images, Metric
from gfce.images.arrays import Mask
from gfce.images.information import normalized_information

BINS = 64
"""Equal bins of [0, 1] for each image."""


def joint_bins(images: Images) -> NDArray[np.intp]:
    """Which cell of the joint histogram each voxel falls into (slice, row, column)."""
    real, synthetic = (
        np.minimum((volume * BINS).astype(np.intp), BINS - 1)
        for volume in (images.real, images.synthetic)
    )
    return real * BINS + synthetic


def normalized_mutual_information(images: Images, region: Mask) -> float:
    """NMI = (H(y) + H(f(x))) / H(y, f(x)) of a region's intensities: 1 unrelated, 2 one the other.

    C. Studholme, D. L. G. Hill, D. J. Hawkes, Pattern Recognit 32 (1999), with `BINS` bins. Not
    defined (NaN) where each image has one bin alone.
    """
    counts = np.bincount(images.once(joint_bins)[region], minlength=BINS**2)
    return normalized_information(counts.reshape(BINS, BINS))


METRIC = Metric(
    name="nmi",
    stem="nmi",
    title="NMI",
    unit="1",
    description="Normalized mutual information (Studholme), 64 bins of [0, 1]",
    higher_is_better=True,
    rank=6,
    score=normalized_mutual_information,
    decimals=3,
    smallest=1,
    largest=2,
    printed=False,
    may_be_undefined=True,
)
