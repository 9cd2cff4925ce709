"""What a training starts from, and how it begins: plainly, or as a repair has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gfce.config import Network, Repair, Training
from gfce.repairs import METHODS
from gfce.repairs.method import Options
from gfce.training.data import Augment, Batch, Batches, TrainingSlices
from gfce.training.state import State, initial_state

Begun = tuple[State, Batches]
"""The state before the first step, and the slices of each step."""


@dataclass(frozen=True)
class Start:
    """What a training starts from: the arguments of `gfce.training.loop.train`, and its device."""

    slices: TrainingSlices
    network: Network
    settings: Training
    bounded: bool
    seed: int
    device: torch.device
    initial: dict[str, Tensor] | None

    def batches(self) -> Batches:
        """All slices, in each epoch once."""
        shuffle = self.settings.recipe == "corrected"
        return Batches(self.slices, self.settings.batch_size, self.seed, shuffle)

    def state(self, steps: int) -> State:
        """New networks, for a training of so many steps an epoch.

        Raises:
            UserError: the network cannot be built or trained with these options.
        """
        return initial_state(
            self.network,
            self.settings,
            bounded=self.bounded,
            steps=steps,
            device=self.device,
            initial=self.initial,
        )


def begin(start: Start, repair: Repair | None) -> Begun:
    """Begin a training.

    Args:
        start: what it starts from.
        repair: method and options (resolved), None for a plain training.
    """
    method = METHODS[str(repair.method)] if repair else None
    if repair is None or method is None:
        return _plain(start)
    state, batches = method.train(start, repair.options) if method.train else _plain(start)
    if method.augment is None:
        return state, batches
    augment = _of_steps(method.augment, repair.options, start)
    return state, replace(batches, augment=augment)


def _plain(start: Start) -> Begun:
    batches = start.batches()
    return start.state(len(batches)), batches


def _of_steps(
    change: Callable[[Tensor, Options, np.random.Generator], Tensor], options: Options, start: Start
) -> Augment:
    """An augmentation of whole batches, which seed, epoch and step alone decide."""

    def augment(batch: Batch, epoch: int, step: int) -> Batch:
        # Step 0 would be the generator of the epoch's order: NumPy pads seeds with zeros.
        rng = np.random.default_rng([start.seed, epoch, step + 1])
        changed = torch.stack([change(images, options, rng) for images in torch.cat(batch, dim=1)])
        bounded = changed.clamp(-1, 1) if start.bounded else changed
        t1w, t2w, ce = (part.contiguous() for part in torch.split(bounded, 1, dim=1))
        return t1w, t2w, ce

    return augment
