"""Structural similarity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gfce.evaluation.metric import Images, Metric
from gfce.images.arrays import Mask


def structural_similarity_map(images: Images) -> NDArray[np.float64]:
    """SSIM of each voxel within its slice (slice, row, column), with a Gaussian window.

    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, IEEE Trans Image Process 13 (2004): sigma
    1.5, population covariance, dynamic range 1.
    """
    from skimage.metrics import structural_similarity

    maps = [
        structural_similarity(
            np.asarray(y, dtype=np.float64),
            np.asarray(f, dtype=np.float64),
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )[1]
        for y, f in zip(images.real, images.synthetic, strict=True)
    ]
    return np.stack(maps)


def structural_similarity_index(images: Images, region: Mask) -> float:
    """Mean SSIM of a region's voxels; their windows reach beyond it."""
    return float(images.once(structural_similarity_map)[region].mean())


METRIC = Metric(
    name="ssim",
    stem="ssim",
    title="SSIM",
    unit="1",
    description="Structural similarity",
    higher_is_better=True,
    rank=3,
    score=structural_similarity_index,
    decimals=3,
    smallest=-1,
    largest=1,
)
