"""Multi-scale structural similarity."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gfce.evaluation.metric import Images, Metric
from gfce.images.arrays import Mask

Maps = NDArray[np.float64]
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, the finest first, as printed: they sum to 1.0001."""
SIGMA, RADIUS = 1.5, 5
"""The Gaussian window of 11 x 11 pixels."""
C1, C2 = 0.01**2, 0.03**2


def multiscale_similarity(images: Images, region: Mask) -> float:
    """MS-SSIM of a region, slice by slice in two dimensions, dynamic range 1.

    Z. Wang, E. P. Simoncelli, A. C. Bovik, Asilomar Conf Signals Syst Comput 37 (2003), eq. 7, as
    their code and MONAI have it: the product over scales of the mean contrast and structure, at the
    coarsest scale of the mean SSIM, each to the power of its weight; a negative mean counts as 0.
    Each scale halves the slices by averaging 2 x 2 pixels; there are as many of the five as leave
    them a window (`n_scales`), with weights raised to the same sum.

    At a coarser scale a pixel weighs as much as the region fills of it. The mean is over windows
    within the slice; of a region without any it is over all its pixels, with mirrored borders. NaN
    of a region in an odd last row or column, which halving leaves out.
    """
    slices = region.any(axis=(1, 2))
    share, maps = region[slices].astype(np.float64), images.once(similarity_maps)
    weights = np.array(WEIGHTS[: len(maps)])
    similarity = 1.0
    for each, weight in zip(maps, weights * (sum(WEIGHTS) / sum(weights)), strict=True):
        similarity *= np.clip(_mean(each[slices], share), 0, 1) ** weight
        share = _halved(share)
    return float(similarity)


def similarity_maps(images: Images) -> list[Maps]:
    """Of each scale (slice, row, column): contrast and structure, at the coarsest one the SSIM."""
    scales = n_scales(images.real.shape)
    volumes = (images.real.astype(np.float64), images.synthetic.astype(np.float64))
    by_slice = [list(_slice_maps(y, f, scales)) for y, f in zip(*volumes, strict=True)]
    return [np.stack(maps) for maps in zip(*by_slice, strict=True)]


def n_scales(shape: tuple[int, ...]) -> int:
    """How many of the five scales leave slices of this shape at least one window (at most 5)."""
    smaller = min(shape[-2:])
    return sum(smaller // 2**scale > 2 * RADIUS for scale in range(len(WEIGHTS)))


def remark(shape: tuple[int, ...]) -> str:
    """What differs from the published definition for slices of this shape (empty: nothing)."""
    scales = n_scales(shape)
    if scales == len(WEIGHTS):
        return ""
    return f"{scales} of {len(WEIGHTS)} scales, because slices are too small for more"


def _slice_maps(y: Maps, f: Maps, scales: int) -> Iterator[Maps]:
    for scale in range(1, scales + 1):
        mean_y, mean_f = _blurred(y), _blurred(f)
        variances = _blurred(y * y + f * f) - mean_y**2 - mean_f**2
        covariance = _blurred(y * f) - mean_y * mean_f
        similarity = (2 * covariance + C2) / (variances + C2)
        if scale == scales:
            similarity *= (2 * mean_y * mean_f + C1) / (mean_y**2 + mean_f**2 + C1)
        yield similarity
        y, f = _halved(y), _halved(f)


def _blurred(image: Maps) -> Maps:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(image, SIGMA, radius=RADIUS)


def _halved(image: Maps) -> Maps:
    """Means of 2 x 2 pixels (..., row, column); an odd last row or column is left out."""
    rows, columns = (length // 2 * 2 for length in image.shape[-2:])
    # As sums of whole arrays, because np.mean over such short axes takes ten times as long.
    pairs = image[..., :rows:2, :columns] + image[..., 1:rows:2, :columns]
    return (pairs[..., ::2] + pairs[..., 1::2]) / 4


def _mean(similarity: Maps, share: Maps) -> float:
    """The mean of a map (slice, row, column), weighted by how much the region fills each pixel."""
    inner = np.s_[:, RADIUS:-RADIUS, RADIUS:-RADIUS]
    if share[inner].any():
        similarity, share = similarity[inner], share[inner]
    return float(np.average(similarity, weights=share)) if share.any() else math.nan


METRIC = Metric(
    name="ms_ssim",
    stem="ms_ssim",
    title="MS-SSIM",
    unit="1",
    description="Multi-scale structural similarity, of as many of five scales as slices allow",
    higher_is_better=True,
    rank=5,
    score=multiscale_similarity,
    remark=remark,
    decimals=3,
    smallest=0,
    largest=1,
    printed=False,
    may_be_undefined=True,
)
