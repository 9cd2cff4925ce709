"""Bias-corrected and accelerated bootstrap intervals (Efron 1987) at Student's levels.

`scipy.stats.bootstrap` has the same interval at the normal distribution's levels, which covers too
rarely where an institution has few patients. Its spread is estimated from them too, and as in a t
interval that uncertainty has to widen it (Hesterberg 2015, "What teachers should know about the
bootstrap"). Patients are drawn within institutions, so the degrees of freedom are Satterthwaite's
(1946).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
CONFIDENCE = 0.95
ROUNDING = 1e-9
"""Replicates that differ by less than this share of the estimate are the same number."""


def interval(
    estimates: Array, replicates: Array, jackknife: Sequence[Array]
) -> tuple[Array, Array]:
    """Bounds (quantity,) of the 95 % intervals; NaN for a quantity without any spread.

    Args:
        estimates: the quantities of the patients as they are, (quantity,).
        replicates: those of the resamples, (quantity, resample).
        jackknife: of each stratum, those without each of its patients, (quantity, patient).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        influence = [(len(j.T) - 1) * (j.mean(axis=1, keepdims=True) - j) for j in jackknife]
        sizes = [len(u.T) for u in influence]
        parts = [(u**2).sum(axis=1) / (n * (n - 1)) for u, n in zip(influence, sizes, strict=True)]
        tail = student_tail(parts, [n - 1 for n in sizes])
        levels = bca_levels(_bias(estimates, replicates), _acceleration(influence), tail)
    spread = np.ptp(replicates, axis=1) > ROUNDING * np.abs(estimates)
    of_quantity = np.where(spread, levels, np.nan).T
    bounds = [_quantiles(*pair) for pair in zip(replicates, of_quantity, strict=True)]
    low, high = np.array(bounds).T
    return low, high


def bca_levels(bias: Array, acceleration: Array, tail: Array) -> tuple[Array, Array]:
    """Which percentiles of the replicates are the bounds (Efron and Tibshirani 1993, eq. 14.10).

    Args:
        bias: z0, the normal quantile of the share of replicates below the estimate.
        acceleration: a, a sixth of the skewness of the estimate.
        tail: the quantile that a symmetric interval reaches to, 1.96 for the normal one.
    """
    low, high = (_level(bias, acceleration, sign * tail) for sign in (-1, 1))
    return low, high


def _level(bias: Array, acceleration: Array, tail: Array) -> Array:
    shifted = bias + tail
    room = 1 - acceleration * shifted
    # Beyond its pole the formula turns round: what comes nearest is all of the replicates.
    shifted = np.where(room > 0, bias + shifted / room, np.copysign(np.inf, shifted))
    return np.asarray(stats.norm.cdf(shifted))


def student_tail(parts: Sequence[Array], of_parts: Sequence[Array | int]) -> Array:
    """Student's quantile that a symmetric interval reaches to, of an estimate's variance."""
    return np.asarray(stats.t.isf((1 - CONFIDENCE) / 2, degrees_of_freedom(parts, of_parts)))


def degrees_of_freedom(parts: Sequence[Array], of_parts: Sequence[Array | int]) -> Array:
    """Satterthwaite's (1946), of a variance that is a sum.

    Args:
        parts: the variances that it is the sum of, (quantity,) each.
        of_parts: their degrees of freedom.
    """
    squares = [part**2 / df for part, df in zip(parts, of_parts, strict=True)]
    return np.asarray(sum(parts) ** 2 / sum(squares))


def _bias(estimates: Array, replicates: Array) -> Array:
    at_most, below = (
        compare(replicates, estimates[:, None]).mean(axis=1) for compare in (np.less_equal, np.less)
    )
    return np.asarray(stats.norm.ppf((at_most + below) / 2))


def _acceleration(influence: Sequence[Array]) -> Array:
    """Of several samples (Davison and Hinkley 1997, 5.3.2)."""
    cubes = sum((u**3).sum(axis=1) / len(u.T) ** 3 for u in influence)
    squares = sum((u**2).sum(axis=1) / len(u.T) ** 2 for u in influence)
    return np.asarray(cubes / (6 * squares**1.5))


def _quantiles(values: Array, levels: Array) -> Array:
    return np.quantile(values, levels) if np.isfinite(levels).all() else np.full(2, np.nan)
