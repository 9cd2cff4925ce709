"""The whole state of a training, and its translation into a checkpoint and back."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from gfce.config import Network, Training
from gfce.errors import UserError
from gfce.networks import registry
from gfce.training.adam import Adam
from gfce.training.checkpoint import Checkpoint
from gfce.training.losses import Losses
from gfce.training.weights import prepare


@dataclass
class State:
    """Everything that the next step depends on.

    Attributes:
        generator: maps (t1w, t2w) to ce.
        discriminator: judges real and synthetic ce (None: the L1 loss alone is trained on).
        generator_optimizer: moves the generator.
        discriminator_optimizer: moves the discriminator (None: no discriminator).
        losses: losses of the current epoch's steps, float32 (step, loss).
        epoch: epochs done.
        step: steps done in the current epoch.
        seconds: time spent on the current epoch, as far as it has been counted.
        history: one row per epoch done.
        counted: when `seconds` was last counted, in seconds of the monotonic clock.
    """

    generator: nn.Module
    discriminator: nn.Module | None
    generator_optimizer: Adam
    discriminator_optimizer: Adam | None
    losses: Tensor
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    counted: float = field(default_factory=time.monotonic)

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.losses.device

    @property
    def at_work(self) -> State:
        """The state whose networks the current step moves."""
        return self

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The generator and, unless it is None, the discriminator, by name."""
        named = {"generator": self.generator, "discriminator": self.discriminator}
        return {name: network for name, network in named.items() if network is not None}

    @property
    def optimizers(self) -> dict[str, Adam]:
        """The optimizers of these networks, by name."""
        named = {
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }
        return {name: optimizer for name, optimizer in named.items() if optimizer is not None}

    def begin_epoch(self, rate: float) -> None:
        """Put the networks into training mode and give the optimizers the epoch's learning rate."""
        for network in self.networks.values():
            network.train()
        for optimizer in self.optimizers.values():
            optimizer.rate = rate

    def end_epoch(self, rate: float) -> None:
        """Add the epoch's row, with its learning rate, to the history, and go to the next epoch."""
        means = self.losses.double().mean(0).tolist()
        losses = {f"loss_{name}": mean for name, mean in zip(Losses._fields, means, strict=True)}
        self.count_seconds()
        row = {"epoch": self.epoch + 1, **losses, "learning_rate": rate, "seconds": self.seconds}
        self.history.append(row)
        self.epoch, self.step, self.seconds = self.epoch + 1, 0, 0.0

    def count_seconds(self) -> None:
        """Add the time since the last count to that of the current epoch."""
        now = time.monotonic()
        self.seconds += now - self.counted
        self.counted = now

    def weights_finite(self) -> bool:
        """Whether no weight has become infinite or NaN."""
        weights = [weight for net in self.networks.values() for weight in net.parameters()]
        return bool(torch.stack([weight.isfinite().all() for weight in weights]).all())

    def checkpoint(self) -> Checkpoint:
        """The state as tensors and JSON values."""
        tensors: dict[str, Tensor] = {"losses": self.losses}
        for name, network in self.networks.items():
            tensors |= {f"{name}.{key}": value for key, value in network.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            for index, moments in enumerate(optimizer.moments):
                tensors |= {f"{name}.{index}.{key}": value for key, value in moments.items()}
        tensors |= _random_states(self.device)
        values = {
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
            "history": self.history,
        }
        return Checkpoint(tensors, values)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take over a checkpoint's state, including that of the random generators."""
        tensors = checkpoint.tensors
        self.losses.copy_(tensors["losses"])
        for name, network in self.networks.items():
            network.load_state_dict(_below(tensors, name))
        for name, optimizer in self.optimizers.items():
            for index, moments in enumerate(optimizer.moments):
                # None are saved of a weight that no gradient has moved by former code.
                for key, value in moments.items():
                    value.copy_(tensors.get(f"{name}.{index}.{key}", value))
        _restore_random_states(tensors, self.device)
        self.epoch = checkpoint.values["epoch"]
        self.step = checkpoint.values["step"]
        self.seconds = checkpoint.values["seconds"]
        self.history = checkpoint.values["history"]


def initial_state(
    network: Network,
    settings: Training,
    *,
    bounded: bool,
    steps: int,
    device: torch.device,
    initial: dict[str, Tensor] | None,
) -> State:
    """The state before the first step.

    Args:
        network: options of the networks.
        settings: options of the training.
        bounded: whether normalized intensities are in [-1, 1].
        steps: steps per epoch.
        device: where to train.
        initial: the generator's weights to start from (None: random ones).

    Raises:
        UserError: the network cannot be built or trained with these options.
    """
    generator, discriminator = registry.build(network, bounded=bounded)
    if discriminator is None and not settings.l1_weight:
        raise UserError(
            f"training.l1_weight: 0 leaves {network.architecture} nothing to learn, it has no "
            "discriminator: give a weight above 0"
        )
    if initial is not None:
        # Imported weights have no running statistics: those start afresh.
        generator.load_state_dict({**dict(generator.named_buffers()), **initial})
    generator = prepare(generator, device)
    discriminator = prepare(discriminator, device) if discriminator else None
    return State(
        generator,
        discriminator,
        Adam(generator.parameters(), settings.learning_rate),
        Adam(discriminator.parameters(), settings.learning_rate) if discriminator else None,
        losses=torch.zeros(steps, len(Losses._fields), device=device),
    )


def _below(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(f"{name}."): value
        for key, value in tensors.items()
        if key.startswith(f"{name}.")
    }


def _random_states(device: torch.device) -> dict[str, Tensor]:
    states = {"random.cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["random.cuda"] = torch.cuda.get_rng_state(device)
    return states


def _restore_random_states(tensors: dict[str, Any], device: torch.device) -> None:
    torch.set_rng_state(tensors["random.cpu"])
    if device.type == "cuda" and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"], device)
