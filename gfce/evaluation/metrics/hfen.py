"""High-frequency error norm."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gfce.evaluation.metric import Images, Metric, errors
from gfce.images.arrays import Mask

SIGMA, RADIUS = 1.5, 7
"""The Laplacian of a Gaussian, in pixels: its kernel is 15 x 15."""


def high_frequencies(images: Images) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the error and of the real volume: the Laplacian of the Gaussian (slice, row, column)."""
    return _edges(images.once(errors)), _edges(images.real)


def high_frequency_error_norm(images: Images, region: Mask) -> float:
    """HFEN = ||LoG(y) - LoG(f(x))|| / ||LoG(y)|| over a region, filtered slice by slice.

    S. Ravishankar, Y. Bresler, IEEE Trans Med Imaging 30 (2011): a kernel of 15 x 15 pixels with a
    standard deviation of 1.5; they give the numerator alone. Borders are mirrored. Not defined
    (NaN) where LoG(y) is 0 everywhere.
    """
    error, real = (float(np.linalg.norm(each[region])) for each in images.once(high_frequencies))
    return error / real if real else math.nan


def _edges(volume: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_laplace

    slices = volume.astype(np.float64)
    return np.stack([gaussian_laplace(each, SIGMA, radius=RADIUS) for each in slices])


METRIC = Metric(
    name="hfen",
    stem="hfen",
    title="HFEN",
    unit="1",
    description="High-frequency error norm, relative to the real image's",
    higher_is_better=False,
    rank=7,
    score=high_frequency_error_norm,
    decimals=3,
    smallest=0,
    printed=False,
    may_be_undefined=True,
)
