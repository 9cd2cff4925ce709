"""What is dissected: models of one training institution, of a study that is simulated and asks."""

from __future__ import annotations

from gfce.config import Dissection, Simulation, StudyConfig
from gfce.errors import UserError
from gfce.repairs.method import NONE
from gfce.study import Cell, cells


def dissected_cells(config: StudyConfig) -> dict[Cell, str]:
    """The cells of models that were trained on one institution, each with its name.

    A pooled model has no protocol of its own that could be put in the place of another; what is to
    be explained is the drop of models without a repair.
    """
    sets = config.training_sets()
    grid = [cell for cell in cells(config) if cell.repair == NONE]
    return {cell: sets[cell.training_set][0] for cell in grid if len(sets[cell.training_set]) == 1}


def asked(config: StudyConfig) -> tuple[Simulation, Dissection]:
    """What a study says of its simulation and of its dissection.

    Raises:
        UserError: it has no simulated cohort, or no section `dissection`.
    """
    if config.simulation is None:
        raise UserError(
            "gfce dissect needs a simulated cohort: no other patient can be imaged again with "
            "another protocol"
        )
    if config.dissection is None:
        raise UserError("gfce dissect: not in the configuration: add the line `dissection: {}`")
    return config.simulation, config.dissection
