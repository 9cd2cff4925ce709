"""Delta-method intervals, for institutions of too few patients to draw resamples from.

The normal-theory twin of `gfce.statistics.methods.bca`: the variance of an estimate is that of
its linear part, to which each patient contributes (Efron 1982, *The Jackknife, the Bootstrap and
Other Resampling Plans*, chapter 6: the infinitesimal jackknife is the delta method), with Student's
quantile for Satterthwaite's (1946) degrees of freedom. For a difference of two means it is Welch's
interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gfce.statistics.methods.bca import ROUNDING, student_tail
from gfce.statistics.methods.patients import Array, Estimator, Sample, means_of

STEP = 1e-3
"""Share of a patient's pull by which the means are moved to differentiate."""


def delta_intervals(estimator: Estimator, samples: Sequence[Sample]) -> tuple[Array, Array]:
    """95 % intervals of all quantities at once, NaN where there is none or no spread.

    estimate -+ t(df) sqrt(V), where V = sum over institutions of n / (n - 1) sum(c^2), of the n
    patients' contributions c to the estimate: a mean of n scores x gets c = (x - mean) / n from
    each, and V is s^2 / n.

    Args:
        estimator: the quantities.
        samples: whom each of them is made of.
    """
    contributions = _contributions(estimator)
    sizes = [estimator.among([sample.sizes.get(n, 2) for sample in samples]) for n in contributions]
    squares = [(c**2).sum(axis=1) for c in contributions.values()]
    parts = [c * n / (n - 1) for c, n in zip(squares, sizes, strict=True)]
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(sum(parts))
        reach = student_tail(parts, [n - 1 for n in sizes]) * error
    estimates = estimator.estimates
    reach = np.where(error > ROUNDING * np.abs(estimates), reach, np.nan)
    return estimator.placed(estimates - reach), estimator.placed(estimates + reach)


def _contributions(estimator: Estimator) -> dict[str, Array]:
    """Of each institution, each patient's contribution to each quantity, (quantity, patient).

    The derivative in the direction in which the patient pulls the means, by central differences.
    """
    matrices = {n: m for n, m in estimator.patients.matrices.items() if len(m) > 1}
    steps = {name: STEP * _pulls(matrix) for name, matrix in matrices.items()}
    up, down = (
        estimator.values_of_each({n: estimator.observed[n] + sign * s for n, s in steps.items()})
        for sign in (1, -1)
    )
    return {name: (up[name] - down[name]) / (2 * STEP) for name in steps}


def _pulls(matrix: Array) -> Array:
    """How far each score pulls the mean of its column to itself; not at all if it is missing."""
    known = np.isfinite(matrix)
    pulls = (matrix - means_of(matrix)) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, pulls, 0.0)
