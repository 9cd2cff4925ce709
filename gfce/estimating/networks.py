"""What each network costs, for each width squared."""

from __future__ import annotations

from dataclasses import dataclass

from gfce.config import StudyConfig
from gfce.study import Cell


@dataclass(frozen=True)
class Cost:
    """Weights of the generator, and work of a training step on a pixel against MMgSN-Net's."""

    parameters: int
    work: float


COSTS = {"mmgsn_net": Cost(3500, 1.0), "unet": Cost(7700, 0.4), "pix2pix": Cost(7700, 0.45)}
UNKNOWN = Cost(7700, 1.0)
"""A network of the user's own: as much as any of these."""


def weights_bytes(config: StudyConfig, cell: Cell) -> int:
    """Size of a cell's generator, float32."""
    return 4 * _cost(config, cell).parameters * config.network(cell.network).width ** 2


def step_units(config: StudyConfig, pixels: int, cell: Cell) -> float:
    """Work of one training step: batch * pixels * width**2 for MMgSN-Net.

    Convolutions take the time, and theirs grows with the square of the width.
    """
    width = config.network(cell.network).width
    return config.training.batch_size * pixels * width**2 * _cost(config, cell).work


def _cost(config: StudyConfig, cell: Cell) -> Cost:
    return COSTS.get(config.network(cell.network).architecture or "", UNKNOWN)
