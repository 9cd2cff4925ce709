"""The grid: its axes, its cells and what their models are called."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.images.normalizations import NORMALIZATIONS
from gfce.repairs import METHODS
from gfce.repairs.method import NONE, Method


@dataclass(frozen=True)
class Axis:
    """An axis of the grid.

    Attributes:
        values: its values in a study, in the order of the configuration.
        meaning: what it is, for the data package.
        folder: how a value is written in a cell's folder.
        absent: the value that stands in no folder and no label, of an axis that came to the grid
            later than results were made (None: there is none).
    """

    values: Callable[[StudyConfig], Sequence[Any]]
    meaning: str
    folder: str = "{}"
    absent: Any = None


def _axis(
    values: Callable[[StudyConfig], Sequence[Any]],
    meaning: str,
    folder: str = "{}",
    absent: Any = None,
) -> Any:
    default = {} if absent is None else {"default": absent}
    return field(metadata={"axis": Axis(values, meaning, folder, absent)}, **default)


@dataclass(frozen=True, order=True)
class Cell:
    """One model of the grid: what it is built of and trained on.

    Each field is an axis of the grid. Folders, wildcards, labels and the keys of all tables are
    derived from the fields, so that a further axis is a further field. One that comes to a grid
    with results has a default, which is the axis' `absent`.
    """

    network: str = _axis(
        lambda config: list(config.grid.networks), "Network by its name in the configuration"
    )
    normalization: str = _axis(
        lambda config: config.grid.normalizations, "Intensity normalization of the model"
    )
    training_set: str = _axis(
        lambda config: list(config.training_sets()),
        "Training set by its name in the configuration",
    )
    seed: int | str = _axis(lambda config: config.grid.seeds, "Training seed", "seed-{}")
    repair: str = _axis(
        lambda config: [NONE, *config.grid.repairs],
        "What was done to repair the drop, by its name in the configuration",
        absent=NONE,
    )

    @cached_property
    def folder(self) -> Path:
        """The cell's folder below models/, predictions/ and metrics/.

        The seed is the last part: no cell's folder lies within that of another one.
        """
        values = ((AXES[name], getattr(self, name)) for name in (*MODEL_KEYS, "seed"))
        return Path(*(axis.folder.format(value) for axis, value in values if value != axis.absent))

    @property
    def unrepaired(self) -> Cell:
        """The cell without a repair that is otherwise the same."""
        return replace(self, repair=NONE)

    def __str__(self) -> str:
        return self.folder.as_posix()


AXES: dict[str, Axis] = {field.name: field.metadata["axis"] for field in fields(Cell)}
"""The axes of the grid by the names of the cell's fields."""
CELL_KEYS = tuple(AXES)
"""The columns that name a cell."""
MODEL_KEYS = tuple(name for name in CELL_KEYS if name != "seed")
"""The columns that name a model: its seeds are averaged in all tables."""
GROUP_KEYS = tuple(name for name in MODEL_KEYS if name != "training_set")
"""The columns that models of one table have in common: they differ in their training set alone."""
METHOD_KEYS = tuple(name for name in GROUP_KEYS if name != "normalization")
"""The columns that models have in common that differ in normalization and training set alone."""
_SPELLED = ("normalization", "training_set", "seed")
"""Axes that a label has by itself, or averages over."""


def said_of(row: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    """The values of some of a cell's fields for a text, without `absent` ones."""
    return [str(row[key]) for key in keys if row[key] != AXES[key].absent]


def cells(config: StudyConfig) -> list[Cell]:
    """All cells of the grid, in the order of the configuration.

    A repair has cells of those training sets and networks alone that it can repair.
    """
    every = (Cell(*values) for values in product(*(axis.values(config) for axis in AXES.values())))
    sizes = {name: len(institutions) for name, institutions in config.training_sets().items()}
    return [
        cell
        for cell in every
        if (method := method_of(config, cell)) is None
        or (
            method.applies_to(sizes[cell.training_set])
            and method.suits(config.network(cell.network).norm_layer)
        )
    ]


def method_of(config: StudyConfig, cell: Cell) -> Method | None:
    """The repair of a cell (None: it has none)."""
    return None if cell.repair == NONE else METHODS[str(config.repair(cell.repair).method)]


def find_cell(config: StudyConfig, name: str) -> Cell:
    """The cell of a grid that is named by its folder, such as `mmgsn_net/min_max/tri/seed-1`.

    Raises:
        UserError: the grid has no such cell.
    """
    known = {str(cell): cell for cell in cells(config)}
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1) or list(known)
        raise UserError(f"cell {name}: not one of the grid's {len(known)}, such as {close[0]}")
    return known[name]


def model_label(config: StudyConfig, cell: Cell) -> str:
    """The model's name in tables, as in Table I of the paper; seeds of one model share it.

    A set of one institution is Uni-<letter><position among the development institutions>; a pooled
    set is <Name>-<LETTER>. A value of another axis stands behind it, such as a network, unless it
    is the grid's first.
    """
    institutions = config.training_sets()[cell.training_set]
    letter = NORMALIZATIONS[cell.normalization].letter
    if len(institutions) == 1:
        label = f"Uni-{letter}{config.cohort.development.index(institutions[0]) + 1}"
    else:
        label = f"{cell.training_set.capitalize()}-{letter.upper()}"
    return " ".join([label, *_named_behind(config, cell)])


def _named_behind(config: StudyConfig, cell: Cell) -> list[str]:
    rest = {name: axis for name, axis in AXES.items() if name not in _SPELLED}
    return [
        str(getattr(cell, name))
        for name, axis in rest.items()
        if getattr(cell, name) not in (axis.values(config)[0], axis.absent)
    ]
