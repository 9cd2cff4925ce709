"""A running training is checked, saved and stopped when it is time to."""

from pathlib import Path

import pytest
import torch
from examples import NETWORKS, SETTINGS, example_slices

from gfce.errors import UserError
from gfce.training.data import Batches
from gfce.training.guard import CHECK_STEPS, Guard
from gfce.training.interruption import StopRequest, TrainingStopped
from gfce.training.state import initial_state

STEPS = CHECK_STEPS + 1


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    """Of a training of 101 steps an epoch, one slice each, whose state is never overdue."""
    state = initial_state(
        NETWORKS["unet"],
        SETTINGS,
        bounded=True,
        steps=STEPS,
        device=torch.device("cpu"),
        initial=None,
    )
    batches = Batches(example_slices(STEPS), size=1, seed=1, shuffle=False)
    checkpoint = tmp_path / "checkpoint.safetensors"
    return Guard(state, batches, checkpoint, "key", 1e6, StopRequest(None))


def test_losses_are_checked_after_100_steps(guard: Guard) -> None:
    guard.state.losses[6] = torch.nan
    guard.state.losses[8] = torch.nan
    for guard.state.step in range(1, CHECK_STEPS):
        guard.after_step()
    guard.state.step = CHECK_STEPS
    with pytest.raises(UserError, match=r"patient sub-06 slice 16: .* epoch 1 step 7: check"):
        guard.after_step()


def test_a_weight_that_is_not_finite_is_the_last_steps(guard: Guard) -> None:
    next(guard.state.generator.parameters()).data[0] = torch.inf
    guard.state.step = 3
    with pytest.raises(UserError, match=r"patient sub-02 slice 12: .* epoch 1 step 3: check"):
        guard.check()


def test_an_overdue_state_is_saved_except_after_the_last_step(guard: Guard) -> None:
    guard.checkpoint_minutes = 0
    guard.state.step = STEPS
    guard.after_step()
    assert not guard.checkpoint.exists()
    guard.state.step = 1
    guard.after_step()
    assert guard.checkpoint.exists()
    assert guard.state.seconds > 0


@pytest.mark.parametrize("finite", [True, False])
def test_a_state_is_checked_before_it_is_saved(guard: Guard, finite: bool) -> None:
    guard.stop = StopRequest(1e-9)
    guard.state.step = 2
    guard.state.losses[1] = 1 if finite else torch.inf
    with pytest.raises(TrainingStopped if finite else UserError):
        guard.after_step()
    assert guard.checkpoint.exists() is finite
