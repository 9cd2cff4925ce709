"""Spearman's rho where models share institutions: institutions are the unit, not points.

All arrays of points are (institution, model).
"""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
from scipy.stats import rankdata

from gfce.statistics.methods.kendall import percentile_interval
from gfce.statistics.methods.patients import Array

ALL_ORDERS = 7
"""Institutions up to which all orders are tried: 5040."""
DRAWN_ORDERS = 9999
BATCH = 2000
"""Resamples that are ranked at a time."""


def spearman(x: Array, y: Array) -> Array:
    """Spearman's rho along the last axis, ties at their mean rank; NaN if all of one are tied."""
    first, second = _centred_ranks(x), _centred_ranks(y)
    product = np.asarray((first * second).sum(axis=-1))
    size = np.sqrt(np.square(first).sum(axis=-1) * np.square(second).sum(axis=-1))
    return np.divide(product, size, out=np.full(product.shape, np.nan), where=size > 0)


def _centred_ranks(values: Array) -> Array:
    ranks = rankdata(values, axis=-1)
    return np.asarray(ranks - ranks.mean(axis=-1, keepdims=True))


def permutation_p(x: Array, y: Array, seed: int) -> float:
    """Two-sided p: how often |rho| is as large if institutions exchange their y, of all models.

    Of all k! orders of k institutions, or of `DRAWN_ORDERS` and the one that was seen (Phipson and
    Smyth 2010). NaN if rho is.
    """
    first, second = (_centred_ranks(values.ravel()).reshape(values.shape) for values in (x, y))
    if not first.any() or not second.any():
        return math.nan
    # Ranks are of all points, so an order of institutions moves them and changes none.
    products = first @ second.T
    count = len(products)
    if count <= ALL_ORDERS:
        orders = np.array(list(permutations(range(count))))
    else:
        drawn = np.random.default_rng(seed).random((DRAWN_ORDERS, count)).argsort(axis=1)
        orders = np.vstack([np.arange(count), drawn])
    sums = products[np.arange(count), orders].sum(axis=1)
    return float(np.mean(np.abs(sums) >= abs(np.trace(products)) - 1e-9))


def least_p(points: Array) -> float:
    """A bound that no `permutation_p` of so many institutions and models is below.

    At least one of all k! orders has the largest |rho|; of one model the reverse order has it, too.
    """
    institutions, models = points.shape
    if institutions > ALL_ORDERS:
        return 1 / (DRAWN_ORDERS + 1)
    return (2 if models == 1 else 1) / math.factorial(institutions)


def bootstrap_interval(x: Array, y: Array, resamples: int, seed: int) -> tuple[float, float]:
    """2.5th and 97.5th percentile of rho of institutions drawn with replacement (Efron 1979)."""
    rng = np.random.default_rng(seed)
    found = []
    for start in range(0, resamples, BATCH):
        number = min(BATCH, resamples - start)
        drawn = rng.integers(0, len(x), (number, len(x)))
        found.append(spearman(*(values[drawn].reshape(number, -1) for values in (x, y))))
    return percentile_interval(np.concatenate(found))
