"""What the network of a cell costs, from what its architecture declares."""

from __future__ import annotations

from functools import cache

from gfce.config import StudyConfig
from gfce.networks.architecture import Architecture
from gfce.networks.discovery import architectures
from gfce.study import Cell


def weights_bytes(config: StudyConfig, cell: Cell) -> int:
    """Size of a cell's generator in bytes, float32."""
    return 4 * _declared(config, cell).parameters * config.network(cell.network).width ** 2


def step_units(config: StudyConfig, pixels: int, cell: Cell) -> float:
    """Work of one training step: batch * pixels * width**2 for MMgSN-Net.

    Convolutions take the time, and theirs grows with the square of the width.
    """
    width = config.network(cell.network).width
    return config.training.batch_size * pixels * width**2 * _declared(config, cell).work


_architectures = cache(architectures)
"""As they were when the first cell's were asked for: a workflow asks for those of thousands."""


def _declared(config: StudyConfig, cell: Cell) -> Architecture:
    return _architectures()[str(config.network(cell.network).architecture)]
