"""What the tables and tests are about: the models of the grid and how they belong together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from gfce.config import StudyConfig
from gfce.images.normalizations import NORMALIZATIONS
from gfce.repairs.method import NONE
from gfce.study import (
    AXES,
    CROSS,
    GROUP_KEYS,
    METHOD_KEYS,
    MODEL_KEYS,
    TABLED_COHORTS,
    Cell,
    cells,
    model_label,
    test_institutions,
)

Group = tuple[str, ...]
"""The values of `GROUP_KEYS`: what the models of one table of scores have in common."""


@dataclass(frozen=True)
class Model:
    """One model of the grid, its seeds together: a row or a block of rows in every table.

    Attributes:
        label: its name in tables.
        cell: what it is built of and trained on; its seed is one of several.
        internal: institutions that it is trained on, and tested on by their held-out patients.
        external: institutions that it is tested on alone.
        seeds: of its trainings.
        cross: further development institutions, whose held-out patients it is scored on for the
            comparison of home and away alone.
    """

    label: str
    cell: Cell
    internal: tuple[str, ...]
    external: tuple[str, ...]
    seeds: tuple[int | str, ...] = ()
    cross: tuple[str, ...] = ()

    @property
    def is_pooled(self) -> bool:
        """Whether it is trained on more than one institution."""
        return len(self.internal) > 1

    @property
    def is_repaired(self) -> bool:
        """Whether something was done to repair its drop."""
        return self.cell.repair != NONE

    def values(self, keys: Iterable[str]) -> dict[str, str]:
        """Its values in these columns of a cell."""
        return {key: getattr(self.cell, key) for key in keys}

    @property
    def keys(self) -> dict[str, str]:
        """What it is built of and trained on, by column."""
        return self.values(MODEL_KEYS)

    @property
    def group_keys(self) -> dict[str, str]:
        """What the models of its table have in common, by column."""
        return self.values(GROUP_KEYS)

    @property
    def said_of_group(self) -> dict[str, str]:
        """The same for names and captions, without `absent` values."""
        return {k: v for k, v in self.group_keys.items() if v != AXES[k].absent}

    @cached_property
    def group(self) -> Group:
        """What the models of its table have in common."""
        return tuple(self.group_keys.values())

    @property
    def method(self) -> Group:
        """What it has in common with models of other normalizations and training sets."""
        return tuple(self.values(METHOD_KEYS).values())

    def institutions(self) -> list[tuple[str, str]]:
        """Institutions of its rows in tables 2 and 3, in table order, each with its cohort."""
        internal = [(name, "internal") for name in self.internal]
        return internal + [(name, "external") for name in self.external]


def models(config: StudyConfig) -> list[Model]:
    """The models of the grid in its order, one for all seeds of a cell."""
    first_seed = config.grid.seeds[0]
    return [_model(config, cell) for cell in cells(config) if cell.seed == first_seed]


def _model(config: StudyConfig, cell: Cell) -> Model:
    cohorts = test_institutions(config, cell)
    internal, external, cross = (
        tuple(name for name, cohort in cohorts.items() if cohort == wanted)
        for wanted in (*TABLED_COHORTS, CROSS)
    )
    return Model(
        label=model_label(config, cell),
        cell=cell,
        internal=internal,
        external=external,
        seeds=tuple(config.grid.seeds),
        cross=cross,
    )


def groups(models: Iterable[Model]) -> dict[Group, list[Model]]:
    """The models of each table of scores, in the grid's order."""
    by_group: dict[Group, list[Model]] = {}
    for model in models:
        by_group.setdefault(model.group, []).append(model)
    return by_group


def uni_groups(models: Iterable[Model]) -> list[list[Model]]:
    """The single-institution models of each group that has any."""
    unis = groups(model for model in models if not model.is_pooled)
    return list(unis.values())


def unis_within(pooled: Model, models: Iterable[Model]) -> list[Model]:
    """The single-institution models of a pooled model's group and of its institutions."""
    return [
        model
        for model in models
        if model.group == pooled.group
        and not model.is_pooled
        and model.internal[0] in pooled.internal
    ]


def members(pooled: Model, models: Iterable[Model]) -> list[Model]:
    """The single-institution models of a pooled model's institutions: what it is set against.

    Empty unless every one of its institutions has such a model: a mean over some of them would be
    another quantity.
    """
    unis = unis_within(pooled, models)
    covered = {uni.internal[0] for uni in unis}
    return unis if covered == set(pooled.internal) else []


def without_repair(model: Model, models: Iterable[Model]) -> Model | None:
    """The model that differs from a repaired one in having no repair (None: not in the grid)."""
    wanted = model.keys | {"repair": NONE}
    return next((other for other in models if other.keys == wanted), None)


def normalization_title(name: str) -> str:
    """How a normalization is written in text; one that is not known by its name."""
    return NORMALIZATIONS[name].title if name in NORMALIZATIONS else name
