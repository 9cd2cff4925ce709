"""Training of one model: resumes by itself and ends the same, however often it is killed."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gfce.config import Network, Training
from gfce.errors import UserError
from gfce.training import checkpoint as checkpoints
from gfce.training.data import Batch, TrainingSlices, epoch_order
from gfce.training.interruption import StopRequest, TrainingStopped, stop_request
from gfce.training.losses import Losses
from gfce.training.precision import find_device, reproducible
from gfce.training.progress import Progress
from gfce.training.schedule import learning_rate
from gfce.training.state import State, initial_state
from gfce.training.step import train_step

LOGGER = logging.getLogger(__name__)
CHECK_STEPS = 100
"""Steps after which losses are looked at: on a GPU each look waits for the steps queued there."""


@dataclass(frozen=True)
class TrainedModel:
    """A finished training.

    Attributes:
        generator: maps (t1w, t2w) to ce; in inference mode, on the device it was trained on.
        history: a row per epoch: epoch, loss_generator, loss_adversarial, loss_l1,
            loss_discriminator (means over the steps), learning_rate, seconds.
        device: where it was trained, such as cpu.
        steps: optimizer steps in all.
    """

    generator: nn.Module
    history: list[dict[str, float]]
    device: str
    steps: int


def train(
    slices: TrainingSlices,
    network: Network,
    settings: Training,
    *,
    bounded: bool,
    seed: int,
    checkpoint: Path,
    key: str,
    initial: dict[str, Tensor] | None = None,
    label: str = "training",
) -> TrainedModel:
    """Train a model, or continue the training whose checkpoint is there.

    Killed at any moment and called again, it ends with the weights of an undisturbed run: on a CPU
    bit for bit. A finished training returns at once.

    Args:
        slices: the training set in network units.
        network: architecture (resolved, not None) and its options.
        settings: options of the training.
        bounded: whether network units are [-1, 1]; the output is tanh then, otherwise linear.
        seed: seed of the initial weights and of the slices' order.
        checkpoint: file of the training's state; the state before it lies beside it.
        key: hash of all that the weights depend on (configuration, code, data): a checkpoint of
            another key is set aside.
        initial: weights of the generator to start from (None: random ones).
        label: name of the training in its progress.

    Raises:
        TrainingStopped: a signal or the walltime stopped it; its state is saved.
        UserError: a loss is not finite, memory does not suffice, there is no such device.
    """
    device = find_device(settings.device)
    with (
        reproducible(settings, seed, device),
        stop_request(settings.walltime_minutes) as stop,
        _memory_errors(settings, device),
    ):
        steps = -(-len(slices) // settings.batch_size)
        state = initial_state(
            network, settings, bounded=bounded, steps=steps, device=device, initial=initial
        )
        saved = checkpoints.read(checkpoint, key)
        if saved is not None:
            state.restore(saved)
        run = _Run(slices, settings, seed, state, checkpoint, key, stop)
        run.finish(label)
    return TrainedModel(state.generator.eval(), state.history, device.type, settings.epochs * steps)


class _Run:
    """The steps from a state to the end of its training."""

    def __init__(
        self,
        slices: TrainingSlices,
        settings: Training,
        seed: int,
        state: State,
        checkpoint: Path,
        key: str,
        stop: StopRequest,
    ) -> None:
        self.slices, self.settings, self.seed, self.state = slices, settings, seed, state
        self.checkpoint, self.key, self.stop = checkpoint, key, stop
        self.steps = len(state.losses)
        self.checked = state.step
        self.saved = self.started = time.monotonic()

    def finish(self, label: str) -> None:
        """Train the epochs that are left."""
        state, slices = self.state, len(self.slices)
        if state.epoch == self.settings.epochs:
            return
        if state.epoch or state.step:
            LOGGER.info("%s: continues at epoch %d step %d", label, state.epoch + 1, state.step + 1)
        device = state.losses.device
        data = self.slices.to(device)
        done = state.epoch * slices + state.step * self.settings.batch_size
        with Progress(label, self.settings.epochs * slices, done) as progress:
            while state.epoch < self.settings.epochs:
                self._epoch(data, progress)

    def _epoch(self, data: Batch, progress: Progress) -> None:
        state = self.state
        for network in state.networks.values():
            network.train()
        state.set_learning_rate(learning_rate(self.settings, state.epoch))
        order = self._order()
        on_device = torch.tensor(order, device=state.losses.device)
        while state.step < self.steps:
            chosen = on_device[self._batch(state.step)]
            t1w, t2w, ce = (images[chosen] for images in data)
            state.losses[state.step] = train_step(state, (t1w, t2w, ce), self.settings)
            state.step += 1
            progress.update(len(chosen), self._describe)
            self._after_step()
        self._check()
        self._end_epoch()
        self._save()

    def _order(self) -> NDArray[np.int64]:
        shuffle = self.settings.recipe == "corrected"
        return epoch_order(len(self.slices), self.seed, self.state.epoch, shuffle=shuffle)

    def _batch(self, step: int) -> slice:
        return slice(step * self.settings.batch_size, (step + 1) * self.settings.batch_size)

    def _after_step(self) -> None:
        if self.state.step % CHECK_STEPS == 0:
            self._check()
        reason = self.stop.reason
        overdue = time.monotonic() - self.saved > 60 * self.settings.checkpoint_minutes
        if reason or (overdue and self.state.step < self.steps):
            self._save()
        if reason:
            raise TrainingStopped(
                f"{reason}: training stopped at epoch {self.state.epoch + 1} step "
                f"{self.state.step}, its state is saved: run the same command to continue"
            )

    def _end_epoch(self) -> None:
        state = self.state
        means = state.losses.double().mean(0).tolist()
        losses = {f"loss_{name}": mean for name, mean in zip(Losses._fields, means, strict=True)}
        rate = learning_rate(self.settings, state.epoch)
        self._clock()
        row = {"epoch": state.epoch + 1, **losses, "learning_rate": rate, "seconds": state.seconds}
        state.history.append(row)
        state.epoch, state.step, state.seconds, self.checked = state.epoch + 1, 0, 0.0, 0

    def _save(self) -> None:
        self._check()
        self._clock()
        checkpoints.write(self.checkpoint, self.state.checkpoint(), self.key)
        self.saved = time.monotonic()

    def _clock(self) -> None:
        now = time.monotonic()
        self.state.seconds += now - self.started
        self.started = now

    def _check(self) -> None:
        """Stop at the first loss that is not finite, before anything of it is saved."""
        state = self.state
        finite = state.losses[self.checked : state.step].isfinite().all(1).tolist()
        if finite and not state.weights_finite():
            finite[-1] = False  # the last step's losses were finite, its gradients were not
        if False in finite:
            self._not_finite(self.checked + finite.index(False))
        self.checked = state.step

    def _not_finite(self, step: int) -> None:
        batch = self._order()[self._batch(step)].tolist()
        raise UserError(
            f"{self.slices.describe(batch)}: a loss is not finite in epoch {self.state.epoch + 1} "
            f"step {step + 1}: check these images or lower training.learning_rate (the last good "
            f"state is kept in {self.checkpoint})"
        )

    def _describe(self) -> str:
        state = self.state
        losses = dict(zip(Losses._fields, state.losses[state.step - 1].tolist(), strict=True))
        values = ", ".join(f"{name} {value:.4g}" for name, value in losses.items())
        return f"epoch {state.epoch + 1}/{self.settings.epochs}, {values}"


@contextmanager
def _memory_errors(settings: Training, device: torch.device) -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        needed = torch.cuda.max_memory_allocated(device) / 2**30
        total = torch.cuda.get_device_properties(device).total_memory / 2**30
        raise UserError(
            f"out of GPU memory: more than {needed:.1f} GiB are needed, the GPU has {total:.1f}: "
            f"lower training.batch_size ({settings.batch_size}) or the network's width, or use "
            "precision: bfloat16"
        ) from None
