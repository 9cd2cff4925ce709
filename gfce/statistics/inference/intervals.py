"""Intervals of what follows from the institutions' means, by the method that fits the sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gfce.contract.table import Column
from gfce.statistics.methods.bootstrap import bca_intervals
from gfce.statistics.methods.delta import delta_intervals
from gfce.statistics.methods.patients import Array, Estimator, Sample

BOOTSTRAP = "BCa bootstrap"
DELTA = "delta method"
NO_INTERVAL = "none"
METHOD = Column(
    "method",
    "string",
    "How the interval was made: delta method where a mean is of fewer than five patients",
    allowed=(BOOTSTRAP, DELTA, NO_INTERVAL),
)
BCA_FROM = 5
"""Patients of an institution from which on resamples of them tell more than their variance."""


def intervals(
    estimator: Estimator, samples: Sequence[Sample], resamples: int, seed: int
) -> tuple[Array, Array, list[str]]:
    """Bounds of the 95 % intervals, NaN where there is none, and how each was made.

    Of the bootstrap where it is reliable, else of the delta method.

    Args:
        estimator: the quantities.
        samples: whom each of them is made of.
        resamples: how many.
        seed: of the draws.
    """
    low, high = np.full((2, len(samples)), np.nan)
    is_bca = np.array([sample.smallest >= BCA_FROM for sample in samples], dtype=bool)
    if not estimator.patients.matrices:
        return low, high, [NO_INTERVAL] * len(samples)
    if (is_bca & estimator.has_interval).any():
        low, high = bca_intervals(estimator, resamples, seed)
    if (~is_bca & estimator.has_interval).any():
        delta = delta_intervals(estimator, samples)
        low, high = (np.where(is_bca, *pair) for pair in zip((low, high), delta, strict=True))
    method = np.where(np.isnan(low), NO_INTERVAL, np.where(is_bca, BOOTSTRAP, DELTA))
    return low, high, [str(name) for name in method]
