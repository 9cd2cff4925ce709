"""Monotone curves and where they meet a level, against SciPy and by hand."""

import numpy as np
from scipy.optimize import isotonic_regression

from gfce.statistics.methods.exchange import crossing, falling


def test_curves_are_made_monotone_as_scipy_does() -> None:
    curves = np.random.default_rng(1).normal(size=(50, 6))
    expected = [isotonic_regression(curve, increasing=False).x for curve in curves]
    np.testing.assert_allclose(falling(curves), expected, atol=1e-12)


def test_a_level_is_met_between_two_points_at_the_first_or_never() -> None:
    x = np.array([0.0, 1, 2, 5])
    curves = np.array([[10.0, 8, 6, 3]] * 5)
    met = crossing(x, curves, np.array([11.0, 10, 7, 4, 2]))
    np.testing.assert_allclose(met, [0, 0, 1.5, 4, np.inf])


def test_a_flat_part_is_met_where_it_begins() -> None:
    met = crossing(np.array([0.0, 1, 2]), np.array([[3.0, 1, 1]]), np.array([1.0]))
    np.testing.assert_allclose(met, [1])
