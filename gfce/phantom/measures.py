"""Sizes, places and tissue mixtures of the body parts that are painted by formula.

``anatomy.csv`` has one quantity a row: a number, or several with blanks between them, in the unit
that the quantity's name ends in. Its places are atlas coordinates (``atlas.py``) of the patient's
left side. ``mixtures.csv`` has the tissues that a part consists of. ``sources.csv`` explains the
words in the column ``source`` of these and of the drawn tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from gfce.phantom.tables import read_table

Part = TypeVar("Part")
Pair = tuple[float, float]
Triple = tuple[float, float, float]
Mixture = Mapping[str, float]


@cache
def measures(kind: type[Part], structure: str) -> Part:
    """Return the measures of one structure of anatomy.csv as a dataclass.

    The fields of ``kind`` are the structure's quantities: a float where the cell holds one number,
    otherwise a tuple of floats (``Pair`` is a range or two axes, ``Triple`` is x, y, z unless the
    dataclass says otherwise).

    Raises:
        TypeError: the table's quantities are not the fields of ``kind``.
    """
    table = read_table("anatomy.csv")
    rows = table[table["structure"] == structure]
    cells = zip(rows["quantity"], rows["value"], strict=True)
    return kind(**{quantity: _numbers(str(value)) for quantity, value in cells})


def _numbers(cell: str) -> float | tuple[float, ...]:
    # Python's own parser: its floats are those of the same digits in code.
    numbers = tuple(float(number) for number in cell.split())
    return numbers[0] if len(numbers) == 1 else numbers


@cache
def mixture(name: str) -> Mixture:
    """Return the fraction of each tissue in a part of mixtures.csv.

    The name of a tissue is that tissue alone.
    """
    table = read_table("mixtures.csv")
    rows = table[table["structure"] == name]
    if rows.empty:
        return {name: 1.0}
    return {str(t): float(f) for t, f in zip(rows["tissue"], rows["fraction"], strict=True)}
