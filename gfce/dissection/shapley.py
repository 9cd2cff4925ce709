"""Shapley values of factors: what each takes off an error, averaged over the orders of replacing.

v(S) is the error with the factors in S replaced; a factor's marginal is v(S) - v(S with it), so
that the values add up to v(none) - v(all), the gap. Shapley, A value for n-person games (1953);
sampled by whole orders as in Castro, Gomez and Tejada, Comput. Oper. Res. 36:1726-1730 (2009).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray

from gfce.dissection.coalitions import Coalition, Order, Plan, along

Values = Mapping[Coalition, float]
"""v(S) of each coalition that was measured."""


def gap(plan: Plan, values: Values) -> float:
    """v(none) - v(all)."""
    return values[frozenset()] - values[frozenset(plan.players)]


def alone(plan: Plan, values: Values) -> list[float]:
    """Of each player v(none) - v(it alone): what it takes off when it is replaced first."""
    return [values[frozenset()] - values[frozenset({name})] for name in plan.players]


def last(plan: Plan, values: Values) -> list[float]:
    """Of each player v(all but it) - v(all): what it takes off when it is replaced last."""
    everything = frozenset(plan.players)
    return [values[everything - {name}] - values[everything] for name in plan.players]


def shapley_draws(plan: Plan, values: Values) -> NDArray[np.float64]:
    """Unbiased estimates of the players' Shapley values, (estimate, player).

    One for each order with its reverse (antithetic, so the two halves are one estimate); the exact
    values alone where all coalitions were measured. Each row adds up to the gap.
    """
    if not plan.orders:
        return np.array([[_exact(plan, values, name) for name in plan.players]], np.float64)
    pairs = [[_marginals(plan, values, order) for order in pair] for pair in plan.pairs]
    return np.mean(pairs, axis=1)


def _exact(plan: Plan, values: Values, player: str) -> float:
    """Sum over S without the player of |S|! (n - |S| - 1)! / n! (v(S) - v(S with it))."""
    number = len(plan.players)
    without = [each for each in plan.coalitions if player not in each]
    return sum(
        (values[each] - values[each | {player}]) / (number * comb(number - 1, len(each)))
        for each in without
    )


def _marginals(plan: Plan, values: Values, order: Order) -> list[float]:
    """What each player takes off when it is its turn, in the order of the players."""
    steps = [values[each] for each in along(order)]
    taken = dict(zip(order, -np.diff(steps), strict=True))
    return [float(taken[name]) for name in plan.players]


def monte_carlo_error(draws: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Standard error of the mean over patients that the drawing of orders causes, (player,).

    Args:
        draws: of each patient the estimates (estimate, player); 0 where there is one, the exact.
    """
    variances = [
        each.var(axis=0, ddof=1) / len(each) if len(each) > 1 else np.zeros(each.shape[1])
        for each in draws
    ]
    return np.asarray(np.sqrt(np.sum(variances, axis=0)) / len(draws), np.float64)
