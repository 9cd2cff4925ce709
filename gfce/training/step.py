"""One training step of a generator and its discriminator."""

from __future__ import annotations

import torch
from torch import Tensor

from gfce.config import Training
from gfce.training.arithmetic import autocast
from gfce.training.data import Batch
from gfce.training.losses import Losses, l1_losses, step_losses
from gfce.training.state import State


def train_step(state: State, batch: Batch, settings: Training) -> Tensor:
    """Update the generator and the discriminator, if the network has one, on one batch.

    The synthetic slices are judged once: neither network has moved between the two losses. Each
    loss's gradient is taken only with regard to the network that it trains. The recipe `released`
    also lets the discriminator's loss move the generator, because the authors' code does not detach
    the synthetic slices.

    Returns:
        The step's losses in the order of `Losses`, float32.
    """
    losses = _losses(state, batch, settings)
    trained = list(state.generator.parameters())
    judged = state.discriminator is not None
    losses.generator.backward(retain_graph=judged, inputs=trained)  # type: ignore[no-untyped-call]
    if state.discriminator is not None:
        judges = list(state.discriminator.parameters())
        leaked = trained if settings.recipe == "released" else []
        losses.discriminator.backward(inputs=judges + leaked)  # type: ignore[no-untyped-call]
    for optimizer in state.optimizers.values():
        optimizer.step()
    for network in state.networks.values():
        network.zero_grad()
    return torch.stack([loss.detach() for loss in losses])


def _losses(state: State, batch: Batch, settings: Training) -> Losses:
    t1w, t2w, real = batch
    with autocast(real.device, settings.precision):
        synthetic = state.generator(t1w, t2w)
        if state.discriminator is None:
            return l1_losses(synthetic, real, settings.l1_weight)
        judged_synthetic = state.discriminator(synthetic, t1w, t2w)
        judged_real = state.discriminator(real, t1w, t2w)
    return step_losses(synthetic, real, judged_synthetic, judged_real, settings.l1_weight)
