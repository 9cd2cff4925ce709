"""Which models a figure shows: all that it could, or those that fit a page."""

from __future__ import annotations

from gfce.config import StudyConfig
from gfce.repairs.method import NONE
from gfce.report.figure import StudyFigure
from gfce.study import Cell, cells, model_label

MOST_MODELS = 8
"""Beside T1w, T2w and CE on the width of a page."""
FEWEST_NORMALIZATIONS = 2
"""That are shown, of a study with as many, however many training sets it has."""


def shown_cells(config: StudyConfig, figure: StudyFigure) -> list[Cell]:
    """The cells whose results a figure shows, in its order.

    A figure with `chosen_models` shows the first seed of each model: of the figure of the grid's
    first network those of `report.figure3_models`, if there are any, whatever their networks are.
    All others show up to eight models of their network: of as many of its first normalizations as
    eight have room for, at least two, the same number each; of each the training set of the most
    institutions, then single institutions, then other sets, as they stand in the configuration.
    These are models without a repair; what room they leave is for the repairs of the first single
    institution's model.
    """
    of_network = [cell for cell in cells(config) if figure.network in (None, cell.network)]
    if not figure.kind.chosen_models:
        return of_network
    if config.report.figure3_models and figure.network == next(iter(config.grid.networks)):
        return _named(config)
    return _first([cell for cell in of_network if cell.seed == config.grid.seeds[0]], config)


def _named(config: StudyConfig) -> list[Cell]:
    first = (cell for cell in cells(config) if cell.seed == config.grid.seeds[0])
    known = {model_label(config, cell): cell for cell in first}
    return [known[label] for label in config.report.figure3_models]


def _first(models: list[Cell], config: StudyConfig) -> list[Cell]:
    """Up to eight models by the rule, in the order of the grid."""
    if len(models) <= MOST_MODELS:
        return models
    sets = config.training_sets()
    count = max(FEWEST_NORMALIZATIONS, MOST_MODELS // len(sets))
    normalizations = config.grid.normalizations[:count]
    largest = max(sets, key=lambda name: len(sets[name]))
    preferred = sorted(sets, key=lambda name: (name != largest, len(sets[name]) > 1))
    kept = preferred[: MOST_MODELS // len(normalizations)]
    plain = [
        cell
        for cell in models
        if cell.normalization in normalizations and cell.training_set in kept
        if cell.repair == NONE
    ]
    single = next((name for name in preferred if len(sets[name]) == 1), largest)
    repaired = [
        cell
        for cell in models
        if (cell.normalization, cell.training_set) == (normalizations[0], single)
        if cell.repair != NONE
    ]
    chosen = {*plain, *repaired[: MOST_MODELS - len(plain)]}
    return [cell for cell in models if cell in chosen]
