"""What checks a running training, saves its state, and stops it when that is asked for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from gfce.errors import UserError
from gfce.training import checkpoint as checkpoints
from gfce.training.data import Batches
from gfce.training.interruption import StopRequest, TrainingStopped
from gfce.training.state import State

CHECK_STEPS = 100
"""Steps after which losses are checked: on a GPU each check waits for the steps queued there."""


@dataclass
class Guard:
    """Checks, saves and stops a running training. A state is checked before it is saved.

    Attributes:
        state: the state of the training.
        batches: the slices of its steps.
        checkpoint: file of the state; the state before it lies beside it.
        key: hash of all that the weights depend on.
        checkpoint_minutes: longest time without a checkpoint.
        stop: whether a signal or the walltime asks to stop.
        saved: when the state was last saved, in seconds of the monotonic clock.
    """

    state: State
    batches: Batches
    checkpoint: Path
    key: str
    checkpoint_minutes: float
    stop: StopRequest
    saved: float = field(default_factory=time.monotonic)

    def after_step(self) -> None:
        """Check, save and stop where it is time to.

        Raises:
            TrainingStopped: a signal or the walltime asked for it; the state is saved.
            UserError: a loss or a weight is not finite.
        """
        state, reason = self.state, self.stop.reason
        save = reason is not None or (self._overdue() and state.step < len(self.batches))
        if save or state.step % CHECK_STEPS == 0:
            self.check()
        if save:
            self.save()
        if reason is not None:
            raise TrainingStopped(
                f"{reason}: training stopped at epoch {state.epoch + 1} step {state.step}, its "
                "state is saved: run the same command to continue"
            )

    def check(self) -> None:
        """Check the epoch's losses so far and the weights.

        Raises:
            UserError: a value is not finite; the message names the slices of the first such step.
        """
        state = self.state
        finite = state.losses[: state.step].isfinite().all(1)
        if not finite.all():
            self._refuse(finite.tolist().index(False))
        if not state.weights_finite():
            self._refuse(state.step - 1)  # the losses were finite, the gradients were not

    def save(self) -> None:
        """Write the state, which has been checked, to the checkpoint."""
        self.state.count_seconds()
        checkpoints.write(self.checkpoint, self.state.checkpoint(), self.key)
        self.saved = time.monotonic()

    def _overdue(self) -> bool:
        return time.monotonic() - self.saved > 60 * self.checkpoint_minutes

    def _refuse(self, step: int) -> None:
        epoch = self.state.epoch
        raise UserError(
            f"{self.batches.describe(epoch, step)}: a loss is not finite in epoch {epoch + 1} "
            f"step {step + 1}: check these images or lower training.learning_rate (the last good "
            f"state is kept in {self.checkpoint})"
        )
