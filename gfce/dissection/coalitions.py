"""Which sets of factors are replaced for a patient: all of them, or those along random orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

Coalition = frozenset[str]
"""Factors that are replaced together; the others stay."""
Order = tuple[str, ...]
"""All factors, one replaced after another."""


@dataclass(frozen=True)
class Plan:
    """The coalitions to measure.

    Attributes:
        players: the factors in which two protocols differ.
        orders: random orders of them; each is walked both ways, because what a factor brings first
            and what it brings last err to opposite sides (empty: all coalitions are measured, and
            nothing is random).
    """

    players: tuple[str, ...]
    orders: tuple[Order, ...]

    @classmethod
    def draw(cls, players: tuple[str, ...], orders: int, rng: np.random.Generator) -> Plan:
        """All coalitions, if they are no more than `orders` orders take; else that many orders."""
        if 2 ** len(players) <= most_coalitions(len(players), orders):
            return cls(players, ())
        drawn = [rng.permutation(len(players)) for _ in range(orders)]
        return cls(players, tuple(tuple(players[i] for i in order) for order in drawn))

    @property
    def pairs(self) -> list[tuple[Order, Order]]:
        """Each order and its reverse."""
        return [(order, order[::-1]) for order in self.orders]

    @property
    def coalitions(self) -> list[Coalition]:
        """Every coalition once, small ones first.

        None, each factor alone, all but one, and all of them are always there.
        """
        found = set(self._all() if not self.orders else self._visited())
        place = {name: number for number, name in enumerate(self.players)}
        return sorted(found, key=lambda each: (len(each), sorted(place[name] for name in each)))

    def _all(self) -> Iterator[Coalition]:
        for size in range(len(self.players) + 1):
            yield from map(frozenset, combinations(self.players, size))

    def _visited(self) -> Iterator[Coalition]:
        everything = frozenset(self.players)
        for name in self.players:
            yield from (frozenset({name}), everything - {name})
        for pair in self.pairs:
            for order in pair:
                yield from along(order)


def along(order: Order) -> list[Coalition]:
    """The coalitions along an order, from none to all."""
    return [frozenset(order[:count]) for count in range(len(order) + 1)]


def most_coalitions(players: int, orders: int) -> int:
    """Coalitions that orders take at most: the outer ones, and what lies between on each way."""
    return 2 + 2 * players + 2 * orders * max(players - 3, 0)
