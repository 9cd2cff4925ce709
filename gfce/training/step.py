"""One training step of generator and discriminator."""

from __future__ import annotations

import torch
from torch import Tensor

from gfce.config import Training
from gfce.training.data import Batch
from gfce.training.losses import Losses, step_losses
from gfce.training.precision import autocast
from gfce.training.state import State


def train_step(state: State, batch: Batch, settings: Training) -> Tensor:
    """Update both networks on one batch.

    The synthetic slices are judged once: neither network has moved between the two losses. Each
    loss's gradient is taken only with regard to the network that it trains. The recipe `released`
    also lets the discriminator's loss move the generator, as the authors' code does where it does
    not detach the synthetic slices.

    Returns:
        The step's losses in the order of `Losses`, float32.
    """
    losses = _losses(state, batch, settings)
    trained = list(state.generator.parameters())
    judges = list(state.discriminator.parameters())
    losses.generator.backward(retain_graph=True, inputs=trained)  # type: ignore[no-untyped-call]
    leaked = trained if settings.recipe == "released" else []
    losses.discriminator.backward(inputs=judges + leaked)  # type: ignore[no-untyped-call]
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return torch.stack([loss.detach() for loss in losses])


def _losses(state: State, batch: Batch, settings: Training) -> Losses:
    t1w, t2w, real = batch
    with autocast(real.device, settings.precision):
        synthetic = state.generator(t1w, t2w)
        judged_synthetic = state.discriminator(synthetic, t1w, t2w)
        judged_real = state.discriminator(real, t1w, t2w)
    return step_losses(synthetic, real, judged_synthetic, judged_real, settings.l1_weight)
