"""The search for variances that make a likelihood largest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize

Floats = NDArray[np.float64]


def smallest(
    deviance: Callable[[Floats], tuple[float, Floats]], start: Floats, low: Floats, high: Floats
) -> Floats:
    """Where a deviance is smallest within bounds, down to rounding.

    By L-BFGS-B (Byrd, Lu, Nocedal and Zhu 1995), which may say that it was stopped where it got as
    near as rounding allows: see for yourself whether the gradient is 0 there.

    Args:
        deviance: value and gradient at variances.
        start: variances to start with.
        low: lower bounds.
        high: upper bounds.
    """
    function: Any = deviance
    options: Any = {"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-9}
    bounds = Bounds(low, high)
    found = minimize(function, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(found.x)
