"""How far two measurements of the same patients agree: bias, limits of agreement, sensitivity."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

NORMAL = float(stats.norm.ppf(0.975))
"""How many SDs from the bias the limits of agreement lie: 1.96."""
NOTHING = float("nan")
SENSITIVITY_BOUNDS = ("sensitivity_ci95_low", "sensitivity_ci95_high")


def agreement(n: int, bias: float, sd: float) -> dict[str, float]:
    """Limits of agreement of differences and the 95 % intervals of bias and limits.

    Limits: bias -+ 1.96 sd (Bland and Altman, Lancet i:307, 1986). The bias has Student's interval.
    A limit is a quantile of a normal distribution, whose exact interval is bias +- sd q / sqrt(n)
    with the quantiles q of the noncentral t distribution of n - 1 degrees of freedom and
    noncentrality 1.96 sqrt(n) (Carkeet, Optom Vis Sci 92:e71, 2015: limits taken one by one).

    Args:
        n: number of differences; below 2 there are no limits and no intervals (NaN).
        bias: their mean.
        sd: their sample standard deviation.

    Returns:
        By the names of the columns of scorecard.csv.
    """
    usable = n > 1
    width, inner, outer = (each * sd if usable else NOTHING for each in _factors(n))
    limit = NORMAL * sd if usable else NOTHING
    return {
        "bias_ci95_low": bias - width,
        "bias_ci95_high": bias + width,
        "loa_low": bias - limit,
        "loa_low_ci95_low": bias - outer,
        "loa_low_ci95_high": bias - inner,
        "loa_high": bias + limit,
        "loa_high_ci95_low": bias + inner,
        "loa_high_ci95_high": bias + outer,
    }


@cache
def _factors(n: int) -> tuple[float, float, float]:
    """In SDs: half the bias's interval, and the bounds of a limit's interval, from the bias."""
    if n < 2:
        return NOTHING, NOTHING, NOTHING
    root = float(np.sqrt(n))
    low, high = stats.nct.ppf(np.array([0.025, 0.975]), n - 1, NORMAL * root) / root
    return float(stats.t.ppf(0.975, n - 1)) / root, float(low), float(high)


@cache
def proportion(count: int, n: int) -> dict[str, float]:
    """A sensitivity and its exact 95 % interval (Clopper and Pearson, Biometrika 26:404, 1934).

    Args:
        count: how many were detected.
        n: of how many; of none there is no sensitivity (NaN).
    """
    if not n:
        return dict.fromkeys(("sensitivity", *SENSITIVITY_BOUNDS), NOTHING)
    bounds = proportion_confint(count, n, alpha=0.05, method="beta")
    named = zip(SENSITIVITY_BOUNDS, map(float, bounds), strict=True)
    return {"sensitivity": count / n, **dict(named)}
