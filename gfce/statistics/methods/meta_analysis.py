"""Random-effects meta-analysis: effects of institutions that are a sample of all institutions.

Many meta-analyses at a time, one in each row of an array (analysis, institution); NaN marks an
institution that an analysis does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
FEWEST = 3
"""Institutions of a meta-analysis: the prediction interval has k - 2 degrees of freedom."""
STEPS = 10_000
TOLERANCE = 1e-12
"""Fisher scoring ends when no step is larger than this share of the total variance."""


@dataclass(frozen=True)
class Pooled:
    """What meta-analyses found; arrays (analysis,), NaN of fewer than `FEWEST` institutions.

    Attributes:
        k: institutions.
        mean: the mean effect over all institutions that there are, mu.
        variance: of `mean` if tau2 were known.
        hksj_variance: of `mean` by Hartung and Knapp and by Sidik and Jonkman: k - 1 degrees of
            freedom.
        tau2: variance of the true effects between institutions; NaN where its estimator finds none.
        q: Cochran's Q.
        q_p: p of Q, chi squared with k - 1 degrees of freedom.
        i2: share of the total variance that lies between institutions (0 to 1).
        weights: share of each institution in `mean` (analysis, institution), 0 of one left out.
    """

    k: NDArray[np.intp]
    mean: Array
    variance: Array
    hksj_variance: Array
    tau2: Array
    q: Array
    q_p: Array
    i2: Array
    weights: Array


def pool(effects: Array, variances: Array, estimator: str = "REML") -> Pooled:
    """Random-effects meta-analyses.

    y_i ~ N(mu, tau2 + v_i), v_i known; w_i = 1 / (v_i + tau2), mu = sum w_i y_i / sum w_i with the
    variance 1 / sum w_i or, by Hartung and Knapp (2001) and Sidik and Jonkman (2002),
    sum w_i (y_i - mu)^2 / ((k - 1) sum w_i), not truncated. I squared is tau2 / (tau2 + s2) with
    the typical variance s2 of Higgins and Thompson (2002).

    Args:
        effects: y_i (analysis, institution); NaN: left out.
        variances: v_i, above 0, of the same shape; NaN: left out.
        estimator: of tau2, a name in `ESTIMATORS`.
    """
    known = np.isfinite(effects) & np.isfinite(variances)
    k = known.sum(axis=1)
    known &= k[:, None] >= FEWEST
    y, v = np.where(known, effects, 0.0), np.where(known, variances, np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        fixed = 1 / v
        q, tau2 = (
            np.where(k >= FEWEST, values, np.nan)
            for values in (_spread(y, fixed), ESTIMATORS[estimator](y, v))
        )
        weights = 1 / (v + tau2[:, None])
        total = weights.sum(axis=1)
        typical = (k - 1) * fixed.sum(axis=1) / _degrees_of_weights(fixed)
        return Pooled(
            k=k,
            mean=_mean(y, weights),
            variance=1 / total,
            hksj_variance=_spread(y, weights) / ((k - 1) * total),
            tau2=tau2,
            q=q,
            q_p=stats.chi2.sf(q, np.maximum(k - 1, 1)),
            i2=tau2 / (tau2 + typical),
            weights=weights / total[:, None],
        )


def dersimonian_laird(y: Array, v: Array) -> Array:
    """tau2 = max(0, (Q - (k - 1)) / (sum w - sum w^2 / sum w)), w = 1 / v.

    DerSimonian and Laird 1986.

    Args:
        y: effects (analysis, institution).
        v: their variances; infinite: left out.
    """
    w = 1 / v
    excess = _spread(y, w) - ((w > 0).sum(axis=1) - 1)
    return np.maximum(0, excess / (_degrees_of_weights(w) / w.sum(axis=1)))


def restricted_maximum_likelihood(y: Array, v: Array) -> Array:
    """tau2 at the maximum of the restricted likelihood, by Fisher scoring from DL's estimate.

    tau2 + (y' P P y - tr P) / tr(P P) until it stays, never below 0, with
    P = W - W 1 (1' W 1)^-1 1' W (Viechtbauer 2005). Steps that go back and forth are halved.
    NaN where it does not come to rest.

    Args:
        y: effects (analysis, institution).
        v: their variances; infinite: left out.
    """
    tau2 = dersimonian_laird(y, v)
    moving = np.flatnonzero(np.isfinite(tau2))
    damping, former = np.ones(len(tau2)), np.zeros(len(tau2))
    for _ in range(STEPS):
        if not len(moving):
            return tau2
        now = tau2[moving]
        step, scale = _fisher_step(y[moving], v[moving], now)
        turns = step * former[moving] < 0
        damping[moving[turns]] /= 2
        former[moving] = step
        tau2[moving] = np.maximum(0, now + damping[moving] * step)
        moving = moving[np.abs(np.maximum(0, now + step) - now) > TOLERANCE * scale]
    tau2[moving] = np.nan
    return tau2


def _fisher_step(y: Array, v: Array, tau2: Array) -> tuple[Array, Array]:
    """The step of Fisher scoring, and the size of the variances, which it is compared with."""
    w = 1 / (v + tau2[:, None])
    one, two, three = ((w**power).sum(axis=1) for power in (1, 2, 3))
    quadratic = (w**2 * (y - _mean(y, w)[:, None]) ** 2).sum(axis=1)
    trace, trace_of_square = one - two / one, two - 2 * three / one + (two / one) ** 2
    return (quadratic - trace) / trace_of_square, (w > 0).sum(axis=1) / one


def _mean(y: Array, w: Array) -> Array:
    return (w * y).sum(axis=1) / w.sum(axis=1)


def _spread(y: Array, w: Array) -> Array:
    """Weighted sum of squares about the weighted mean."""
    return (w * (y - _mean(y, w)[:, None]) ** 2).sum(axis=1)


def _degrees_of_weights(w: Array) -> Array:
    """(sum w)^2 - sum w^2."""
    return w.sum(axis=1) ** 2 - (w**2).sum(axis=1)


ESTIMATORS: Mapping[str, Callable[[Array, Array], Array]] = MappingProxyType(
    {"REML": restricted_maximum_likelihood, "DL": dersimonian_laird}
)
"""Estimators of tau2 as tables call them; the first is that of texts and figures."""
