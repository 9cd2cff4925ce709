"""Groups of models that cannot be told apart, and the ranks that tests of all pairs leave open."""

from __future__ import annotations

from itertools import combinations_with_replacement
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from gfce.statistics.inference.rank_pairs import Pairs
from gfce.statistics.methods.bootstrap import Indices


def groups_of(differs: NDArray[np.bool_]) -> list[int] | None:
    """The maximal sets of models of which no two differ, as bits: bit i is model i.

    By insert and absorb (Piepho 2004): from one set of all models, each pair that differs parts
    the sets that hold both, and a set within another is absorbed. So two models share a set exactly
    if they do not differ. None once there are more sets than letters.

    Args:
        differs: whether two models differ (model, model).
    """
    groups = {(1 << len(differs)) - 1}
    for i, j in np.argwhere(np.triu(differs)).tolist():
        pair = 1 << i | 1 << j
        parted = {group for group in groups if group & pair == pair}
        groups -= parted
        for part in {group ^ 1 << model for group in parted for model in (i, j)}:
            if not any(part & group == part for group in groups):
                groups = {group for group in groups if group & part != group} | {part}
        if len(groups) > len(ascii_lowercase):
            return None
    return _needed(sorted(groups, key=lambda group: _members(group, len(differs))))


def _needed(groups: list[int]) -> list[int]:
    """Without groups, the last ones first, that say of no two models what others do not say.

    In the place of Piepho's sweep, which drops single letters: so every group stays maximal.
    """
    needed = groups
    for group in reversed(groups):
        others = [other for other in needed if other != group]
        models = _members(group, group.bit_length())
        pairs = [1 << i | 1 << j for i, j in combinations_with_replacement(models, 2)]
        if all(any(other & pair == pair for other in others) for pair in pairs):
            needed = others
    return needed


def _members(group: int, size: int) -> list[int]:
    return [model for model in range(size) if group >> model & 1]


def letters_of(groups: list[int], size: int) -> list[str]:
    """The letters of the groups that each model is in: a compact letter display (model)."""
    return [
        "".join(
            name for name, group in zip(ascii_lowercase, groups, strict=False) if group >> model & 1
        )
        for model in range(size)
    ]


def difference_matrix(pairs: Pairs, size: int) -> NDArray[np.bool_]:
    """Which models Wilcoxon's test tells apart (model, model)."""
    differs = np.zeros((size, size), dtype=bool)
    differs[pairs.first, pairs.second] = pairs.differ
    return differs | differs.T


def rank_intervals(pairs: Pairs, size: int) -> tuple[Indices, Indices]:
    """The ranks that the tests of the Overalls leave to each model: lowest and highest (model).

    1 + the number of models that are better at the 5 % level (Holm), and the number of all models
    less those that are worse. Holds for all models together with 95 % confidence (Mogstad, Romano,
    Shaikh, Wilhelm 2024; Klein, Wright, Wieczorek 2020).
    """
    better_than = np.zeros((size, size), dtype=bool)
    better_than[pairs.first, pairs.second] = pairs.ordered < 0
    better_than[pairs.second, pairs.first] = pairs.ordered > 0
    return 1 + better_than.sum(axis=0), size - better_than.sum(axis=1)
