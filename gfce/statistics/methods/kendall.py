"""Kendall's tau of rankings, of many resamples at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gfce.contract.table import Column
from gfce.statistics.methods.patients import Array

AT_MOST = 999
"""Resamples that a tau is computed of: of the pairs of models of a large grid there are many."""


def signs(values: Array) -> NDArray[np.int8]:
    """Which of two models is larger, for all pairs of models: -1, 0 or 1 (..., pair).

    Args:
        values: (..., model).
    """
    models = range(values.shape[-1] - 1)
    # Model by model, because to gather columns of all pairs takes ten times as long.
    return np.concatenate([_sign(values[..., i, None], values[..., i + 1 :]) for i in models], -1)


def _sign(a: Array, b: Array) -> NDArray[np.int8]:
    return (a > b).astype(np.int8) - (a < b).astype(np.int8)


def tau_b(a: Array, b: Array) -> Array:
    """tau-b of rankings along the last axis, corrected for ties (Kendall 1945); others broadcast.

    The sum of the products of signs by the root of the product of their sums of squares: what
    `scipy.stats.kendalltau` computes of one pair of rankings. NaN if all models of one are tied.
    """
    first, second = signs(a), signs(b)
    together = np.einsum("...i,...i->...", first, second, dtype=np.int64).astype(float)
    untied = [np.count_nonzero(x, axis=-1).astype(float) for x in (first, second)]
    product = np.broadcast_to(untied[0] * untied[1], together.shape)
    undefined = np.full(together.shape, np.nan)
    return np.divide(together, np.sqrt(product), out=undefined, where=product > 0)


def percentile_interval(taus: Array) -> tuple[float, float]:
    """2.5th and 97.5th percentile of those that are defined; NaN if none is."""
    known = taus[np.isfinite(taus)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def tau_column(name: str, meaning: str) -> Column:
    """The column of a tau."""
    return Column(name, "number", meaning, minimum=-1, maximum=1)
