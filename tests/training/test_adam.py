"""Our Adam is torch's to the last bit."""

from __future__ import annotations

import copy

import pytest
import torch
from examples import NETWORK, SETTINGS, example_slices
from torch import nn

from gfce.training.adam import BETAS, Adam
from gfce.training.checkpoint import Checkpoint
from gfce.training.state import State, initial_state
from gfce.training.step import train_step


def network() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 7, 3), nn.Conv2d(7, 5, 1), nn.Linear(10, 4))
    return layers.to(memory_format=torch.channels_last)


def learn(net: nn.Module, step: int) -> None:
    """Gradients of one step; those of the last layer from the third step on."""
    images = torch.randn(1, 3, 12, 12, generator=torch.Generator().manual_seed(step))
    net.zero_grad()
    maps = net[1](net[0](images))  # type: ignore[index]
    (net[2](maps) if step > 1 else maps).square().sum().backward()  # type: ignore[index]


@pytest.mark.parametrize("rates", [(1e-3, 1e-3), (1e-2, 1e-4)])
def test_weights_are_those_of_torch_s_class(rates: tuple[float, float]) -> None:
    ours, theirs = network(), network()
    adam = Adam(ours.parameters(), rates[0])
    reference = torch.optim.Adam(theirs.parameters(), lr=rates[0], betas=BETAS, fused=True)
    for step in range(12):
        if step == 6:
            adam.rate = reference.param_groups[0]["lr"] = rates[1]
        learn(ours, step)
        learn(theirs, step)
        adam.step()
        reference.step()
    for mine, other, moments in zip(
        ours.parameters(), theirs.parameters(), adam.moments, strict=True
    ):
        assert torch.equal(mine, other)
        for name, value in reference.state[other].items():
            assert torch.equal(moments[name], value), name
            assert moments[name].stride() == value.stride()


def test_what_is_called_before_a_step_can_change_gradients() -> None:
    held, free = network(), network()
    frozen = Adam(held.parameters(), 1e-3)
    frozen.before_step.append(
        lambda: [w.grad.zero_() for w in held.parameters() if w.grad is not None]
    )
    before = copy.deepcopy(held)
    for net, adam in ((held, frozen), (free, Adam(free.parameters(), 1e-3))):
        learn(net, 5)
        adam.step()
    for mine, other, start in zip(
        held.parameters(), free.parameters(), before.parameters(), strict=True
    ):
        assert torch.equal(mine, start)
        assert not torch.equal(other, start)


def test_a_checkpoint_that_lacks_the_moments_of_a_weight_is_taken_up() -> None:
    def fresh() -> State:
        cpu = torch.device("cpu")
        return initial_state(NETWORK, SETTINGS, bounded=True, steps=1, device=cpu, initial=None)

    state, other = fresh(), fresh()
    batch = tuple(images[:1] for images in example_slices().to(state.device))
    train_step(state, batch, SETTINGS)  # type: ignore[arg-type]
    saved = state.checkpoint()
    kept = {k: v for k, v in saved.tensors.items() if not k.startswith("generator_optimizer.0.")}
    assert len(kept) == len(saved.tensors) - 3
    other.restore(Checkpoint(kept, saved.values))
    lacking, *taken = other.generator_optimizer.moments
    assert all(not value.any() for value in lacking.values())
    for mine, theirs in zip(taken, state.generator_optimizer.moments[1:], strict=True):
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
