"""Normalized mean squared error."""

from __future__ import annotations

import math

import numpy as np

from gfce.evaluation.metric import Images, Metric, errors
from gfce.images.arrays import Mask


def normalized_mean_square_error(images: Images, region: Mask) -> float:
    """NMSE = ||y - f(x)||^2 / ||y||^2 over a region, on the scale [0, 1].

    J. Zbontar et al., fastMRI (arXiv:1811.08839). Not defined (NaN) where y is 0 everywhere.
    """
    error = np.square(images.once(errors)[region]).sum()
    reference = np.square(images.real[region].astype(np.float64)).sum()
    return float(error / reference) if reference else math.nan


METRIC = Metric(
    name="nmse",
    stem="nmse",
    title="NMSE",
    unit="1",
    description="Normalized mean squared error, on the scale [0, 1]",
    higher_is_better=False,
    rank=4,
    score=normalized_mean_square_error,
    decimals=4,
    smallest=0,
    printed=False,
    may_be_undefined=True,
)
