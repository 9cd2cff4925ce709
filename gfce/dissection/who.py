"""Which models are dissected: those of one training institution, at every external one."""

from __future__ import annotations

from gfce.config import StudyConfig
from gfce.study import Cell, cells


def dissected_cells(config: StudyConfig) -> dict[Cell, str]:
    """The cells of models that were trained on one institution, each with its name.

    A pooled model has no protocol of its own that could be put in the place of another.
    """
    sets = config.training_sets()
    grid = cells(config)
    return {cell: sets[cell.training_set][0] for cell in grid if len(sets[cell.training_set]) == 1}
