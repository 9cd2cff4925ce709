"""Groups of models that cannot be told apart, and the ranks that tests of all pairs leave open."""

from __future__ import annotations

from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from gfce.statistics.inference.bootstrap import Indices
from gfce.statistics.inference.rank_pairs import Pairs


def groups_of(differs: NDArray[np.bool_]) -> list[range]:
    """The maximal runs of neighbours in rank of which no two differ, the best first.

    Args:
        differs: whether two models differ, the models sorted by rank (model, model).
    """
    groups: list[range] = []
    for first in range(len(differs)):
        last = first
        while last + 1 < len(differs) and not differs[last + 1, first : last + 1].any():
            last += 1
        if not groups or last + 1 > groups[-1].stop:
            groups.append(range(first, last + 1))
    return groups


def letters_of(groups: list[range], size: int) -> list[str]:
    """The letters of the groups of each model, sorted by rank, parted by semicolons."""
    return [
        ";".join(letter(number) for number, group in enumerate(groups) if model in group)
        for model in range(size)
    ]


def letter(number: int) -> str:
    """a to z, then aa to zz, as columns of a spreadsheet are called."""
    rest, last = divmod(number, 26)
    return (letter(rest - 1) if rest else "") + ascii_lowercase[last]


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
