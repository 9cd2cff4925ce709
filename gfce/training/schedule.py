"""The learning rate's schedule."""

from __future__ import annotations

from gfce.config import Training


def learning_rate(settings: Training, epoch: int) -> float:
    """Learning rate of an epoch (from 0): constant, then linear to 0.

    As in pix2pix (Isola et al., 2017) the rate would be 0 in the epoch after the last one, so that
    no epoch is idle.
    """
    falling = settings.epochs - settings.constant_epochs
    fallen = max(0, epoch + 1 - settings.constant_epochs)
    return settings.learning_rate * (1 - fallen / (falling + 1))
