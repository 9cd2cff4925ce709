"""Where a curve that should fall meets a level: how many patients are worth as much as something.

The curve is made monotone first by isotonic regression (Barlow, Bartholomew, Bremner and Brunk
1972, "Statistical inference under order restrictions"): more patients do not make a model worse,
but for chance. Between its points it is taken for straight.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def falling(curves: Array) -> Array:
    """The nearest curves by least squares that never rise, each point weighing the same.

    By the max-min formula: the i-th value is the smallest, over starts s <= i, of the largest mean
    of the points s to t, over ends t >= i.

    Args:
        curves: (replicate, point).
    """
    points = curves.shape[1]
    sums = np.concatenate([np.zeros((len(curves), 1)), np.cumsum(curves, axis=1)], axis=1)
    start, end = np.triu_indices(points)
    means = np.full((len(curves), points, points), np.nan)
    means[:, start, end] = (sums[:, end + 1] - sums[:, start]) / (end + 1 - start)
    fitted = [
        means[:, : i + 1, i:].max(axis=2).min(axis=1) for i in range(points)
    ]  # of each start the largest mean, of these the smallest
    return np.stack(fitted, axis=1)


def crossing(x: Array, curves: Array, levels: Array) -> Array:
    """The smallest x at which a falling curve is no higher than a level; infinite: nowhere.

    Args:
        x: of the points, rising.
        curves: (replicate, point), falling.
        levels: (replicate,).
    """
    below = curves <= levels[:, None]
    first = below.argmax(axis=1)
    rows = np.arange(len(curves))
    before = np.maximum(first - 1, 0)
    high, low = curves[rows, before], curves[rows, first]
    fall = np.where(high > low, high - low, 1.0)
    share = np.where(first > 0, (high - levels) / fall, 0.0)
    met = x[before] + share * (x[first] - x[before])
    return np.where(below.any(axis=1), met, np.inf)
