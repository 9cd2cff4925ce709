"""Training of one model, which continues from its checkpoint and then ends the same to the bit."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from gfce.config import Network, Repair, Training
from gfce.errors import UserError
from gfce.training import checkpoint as checkpoints
from gfce.training.arithmetic import find_device, reproducible
from gfce.training.data import Batch, Batches, TrainingSlices
from gfce.training.guard import Guard
from gfce.training.interruption import stop_request
from gfce.training.losses import Losses
from gfce.training.progress import Progress
from gfce.training.schedule import learning_rate
from gfce.training.start import Start, begin
from gfce.training.state import State
from gfce.training.step import train_step

LOGGER = logging.getLogger(__name__)


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
    repair: Repair | None = None,
    label: str = "training",
) -> TrainedModel:
    """Train a model, or continue from the checkpoint if it exists.

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
        repair: what is done so that the model works at other hospitals (resolved; None: nothing).
        label: name of the training in its progress.

    Raises:
        TrainingStopped: a signal or the walltime stopped it; its state is saved.
        UserError: a loss is not finite, the GPU's memory does not suffice, or the device of the
            settings does not exist.
    """
    device = find_device(settings.device)
    with (
        reproducible(settings, seed, device),
        stop_request(settings.walltime_minutes) as stop,
        _memory_errors(settings, device),
    ):
        start = Start(slices, network, settings, bounded, seed, device, initial)
        state, batches = begin(start, repair)
        saved = checkpoints.read(checkpoint, key)
        if saved is not None:
            state.restore(saved)
        guard = Guard(state, batches, checkpoint, key, settings.checkpoint_minutes, stop)
        _train_remaining_epochs(state, batches, settings, guard, label)
    steps = settings.epochs * len(batches)
    return TrainedModel(state.generator.eval(), state.history, device.type, steps)


def _train_remaining_epochs(
    state: State, batches: Batches, settings: Training, guard: Guard, label: str
) -> None:
    if state.epoch == settings.epochs:
        return
    if state.epoch or state.step:
        LOGGER.info("%s: continues at epoch %d step %d", label, state.epoch + 1, state.step + 1)
    slices = len(batches.slices)
    images = batches.slices.to(state.device)
    done = state.epoch * slices + state.step * batches.size
    with Progress(label, settings.epochs * slices, done) as progress:
        while state.epoch < settings.epochs:
            _train_epoch(state, images, batches, settings, guard, progress)


def _train_epoch(
    state: State,
    images: Batch,
    batches: Batches,
    settings: Training,
    guard: Guard,
    progress: Progress,
) -> None:
    """Train the steps that are left of the current epoch, and save."""
    rate = learning_rate(settings, state.epoch)
    state.begin_epoch(rate)
    for chosen in batches.indices(state.epoch, state.device)[state.step :]:
        batch = batches.take(images, chosen, state.epoch, state.step)
        state.losses[state.step] = train_step(state.at_work, batch, settings)
        state.step += 1
        progress.update(len(chosen), lambda: _last_losses(state, settings.epochs))
        guard.after_step()
    guard.check()
    state.end_epoch(rate)
    guard.save()


def _last_losses(state: State, epochs: int) -> str:
    """The epoch and the losses of the last step, for the progress."""
    losses = dict(zip(Losses._fields, state.losses[state.step - 1].tolist(), strict=True))
    values = ", ".join(f"{name} {value:.4g}" for name, value in losses.items())
    return f"epoch {state.epoch + 1}/{epochs}, {values}"


@contextmanager
def _memory_errors(settings: Training, device: torch.device) -> Iterator[None]:
    """Turn torch's error of a full GPU memory into a message that says what to lower."""
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
