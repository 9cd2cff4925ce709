"""Shapley values: against games whose values are known, and what must hold of any estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from gfce.dissection.coalitions import Coalition, Plan, most_coalitions
from gfce.dissection.factors import FACTORS, SHOWN_NOWHERE, differing, replaced
from gfce.dissection.shapley import alone, gap, last, monte_carlo_error, shapley_draws
from gfce.phantom import Protocol, read_protocols

PLAYERS = tuple("abcdefgh")
Game = Callable[[Coalition], float]


def values(plan: Plan, game: Game) -> dict[Coalition, float]:
    return {coalition: game(coalition) for coalition in plan.coalitions}


def additive(coalition: Coalition) -> float:
    return 10.0 - sum(PLAYERS.index(name) for name in coalition)


def gloves(coalition: Coalition) -> float:
    """One left glove (a) and two right ones (b, c): a pair is worth 1 (here: takes 1 off)."""
    return -float("a" in coalition and bool(coalition & {"b", "c"}))


def tangled(coalition: Coalition) -> float:
    """Every set has an interaction of its own."""
    numbers = [PLAYERS.index(name) + 1 for name in coalition]
    return float(np.prod([1 - 0.07 * n for n in numbers]) + 0.02 * (sum(numbers) % 5))


def test_a_game_with_known_values() -> None:
    plan = Plan(("a", "b", "c"), ())
    measured = values(plan, gloves)
    assert shapley_draws(plan, measured)[0] == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert alone(plan, measured) == [0, 0, 0]
    assert last(plan, measured) == [1, 0, 0]


def test_factors_that_do_not_interact_have_their_own_effects() -> None:
    plan = Plan.draw(PLAYERS, 2, np.random.default_rng(1))
    measured = values(plan, additive)
    draws = shapley_draws(plan, measured)
    assert draws == pytest.approx(np.array([range(8)] * 2))
    assert alone(plan, measured) == last(plan, measured) == list(range(8))
    assert monte_carlo_error([draws]) == pytest.approx(np.zeros(8), abs=1e-12)


@pytest.mark.parametrize("orders", [2, 24])
def test_values_add_up_to_the_gap(orders: int) -> None:
    plan = Plan.draw(PLAYERS, orders, np.random.default_rng(3))
    assert bool(plan.orders) == (orders == 2)
    measured = values(plan, tangled)
    assert shapley_draws(plan, measured).sum(axis=1) == pytest.approx(gap(plan, measured))


def test_all_coalitions_are_measured_where_orders_take_as_many() -> None:
    for number, orders, exact in ((3, 2, True), (4, 2, False), (4, 3, True), (8, 24, True)):
        plan = Plan.draw(PLAYERS[:number], orders, np.random.default_rng(0))
        assert (not plan.orders) is exact
        assert len(plan.coalitions) <= most_coalitions(number, orders)
        assert not exact or len(plan.coalitions) == 2**number


def test_sampled_values_are_unbiased_and_their_error_is_known() -> None:
    exact = Plan(PLAYERS, ())
    truth = shapley_draws(exact, game := values(exact, tangled))[0]
    rng = np.random.default_rng(5)
    estimates, errors = [], []
    for _ in range(100):
        draws = shapley_draws(Plan.draw(PLAYERS, 4, rng), game)
        estimates.append(draws.mean(axis=0))
        errors.append(monte_carlo_error([draws]))
    spread = np.std(estimates, axis=0, ddof=1)
    assert np.abs(np.mean(estimates, axis=0) - truth).max() < 4 * spread.max() / np.sqrt(100)
    assert np.sqrt(np.mean(np.square(errors), axis=0)) == pytest.approx(spread, rel=0.3)


def test_every_column_of_a_protocol_is_of_one_factor() -> None:
    taken = [column for factor in FACTORS.values() for column in factor.columns]
    own = [field.name for field in fields(Protocol)]
    assert sorted([*taken, *SHOWN_NOWHERE]) == sorted(own)


def test_all_factors_make_a_hospital_scan_like_another() -> None:
    protocols = read_protocols()
    own, other = protocols["Institution-7"], protocols["Institution-1"]
    factors = differing(own, other, FACTORS)
    # Both have 1.5 T, and patients are drawn alike everywhere.
    assert factors == tuple(n for n in FACTORS if n not in ("field_strength", "population"))
    whole = replaced(own, other, factors)
    assert whole.name == "Institution-7"
    assert differing(whole, other, FACTORS) == ()
    assert replaced(own, other, ()) == own
