"""Losses: least-squares GAN (Mao et al., 2017) and weighted L1 (pix2pix, Isola et al., 2017)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Losses(NamedTuple):
    """Losses of one step, float32 scalars.

    Without a discriminator, adversarial and discriminator are 0.
    """

    generator: Tensor
    adversarial: Tensor
    l1: Tensor
    discriminator: Tensor


def l1_losses(synthetic: Tensor, real: Tensor, l1_weight: float) -> Losses:
    """Losses without a discriminator: the generator's is l1_weight mean |synthetic - real|."""
    l1, zero = _l1(synthetic, real), real.new_zeros(())
    return Losses(l1_weight * l1, zero, l1, zero)


def step_losses(
    synthetic: Tensor,
    real: Tensor,
    judged_synthetic: Tensor,
    judged_real: Tensor,
    l1_weight: float,
) -> Losses:
    """Losses of both networks.

    Generator: mean (D(synthetic) - 1)^2 + l1_weight mean |synthetic - real|.
    Discriminator: (mean (D(real) - 1)^2 + mean D(synthetic)^2) / 2.

    Args:
        synthetic: synthetic CE slices, (slice, 1, row, column).
        real: real CE slices, of the same shape.
        judged_synthetic: the discriminator's judgements of the synthetic slices.
        judged_real: its judgements of the real ones.
        l1_weight: weight of the mean absolute error.
    """
    judged_synthetic, judged_real = judged_synthetic.float(), judged_real.float()
    adversarial = (judged_synthetic - 1).square().mean()
    l1 = _l1(synthetic, real)
    discriminator = ((judged_real - 1).square().mean() + judged_synthetic.square().mean()) / 2
    return Losses(adversarial + l1_weight * l1, adversarial, l1, discriminator)


def _l1(synthetic: Tensor, real: Tensor) -> Tensor:
    return (synthetic.float() - real).abs().mean()
