"""Adam (Kingma and Ba, ICLR 2015), computed by torch's own function."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

BETAS = (0.5, 0.999)
"""Decay of the two moments: pix2pix's (Isola et al., CVPR 2017)."""
EPS = 1e-8


class Adam:
    """Adam of one network's weights.

    The class torch.optim.Adam calls the same function, but imports torch's compiler before its
    first step: 1.6 to 2.5 s of every training, for nothing that is compiled here.

    Attributes:
        weights: what it moves.
        rate: the learning rate of the coming steps.
        moments: of each weight `step` (steps taken), `exp_avg` and `exp_avg_sq` (decaying means of
            gradients and of their squares), in torch's names, type and memory layout.
        before_step: called before each step, for example to add to the gradients.
    """

    def __init__(self, weights: Iterable[nn.Parameter], rate: float) -> None:
        self.weights = list(weights)
        self.rate = rate
        self.moments = [_no_moments(weight) for weight in self.weights]
        self.before_step: list[Callable[[], None]] = []

    @torch.no_grad()
    def step(self) -> None:
        """Move each weight that has a gradient."""
        for call in self.before_step:
            call()
        moved = [
            (weight, weight.grad, moments)
            for weight, moments in zip(self.weights, self.moments, strict=True)
            if weight.grad is not None
        ]
        adam(
            [weight for weight, _, _ in moved],
            [gradient for _, gradient, _ in moved],
            [moments["exp_avg"] for _, _, moments in moved],
            [moments["exp_avg_sq"] for _, _, moments in moved],
            max_exp_avg_sqs=[],
            state_steps=[moments["step"] for _, _, moments in moved],
            fused=True,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=self.rate,
            weight_decay=0.0,
            eps=EPS,
            maximize=False,
        )


def _no_moments(weight: Tensor) -> dict[str, Tensor]:
    """Those before the first step, laid out as the weight: torch walks all in memory order."""
    return {
        "step": torch.zeros((), dtype=torch.float32, device=weight.device),
        "exp_avg": torch.zeros_like(weight),
        "exp_avg_sq": torch.zeros_like(weight),
    }
