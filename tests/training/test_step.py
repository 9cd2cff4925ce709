"""One step against a second implementation: two detached passes, as textbooks write it."""

import copy

import pytest
import torch
from examples import NETWORK, SETTINGS, example_slices
from torch import nn

from gfce.config import Training
from gfce.training.state import State, initial_state
from gfce.training.step import train_step

CPU = torch.device("cpu")


@pytest.fixture
def state() -> State:
    return initial_state(NETWORK, SETTINGS, bounded=True, steps=3, device=CPU, initial=None)


def textbook_step(state: State, settings: Training) -> None:
    generator, discriminator = state.generator, state.discriminator
    t1w, t2w, real = (images[:1] for images in example_slices().to(CPU))
    synthetic = generator(t1w, t2w)
    state.generator_optimizer.zero_grad()
    judged = discriminator(synthetic, t1w, t2w)
    loss = ((judged - 1) ** 2).mean() + 100 * (synthetic - real).abs().mean()
    loss.backward(retain_graph=True)
    discriminator.zero_grad()
    leaked = synthetic if settings.recipe == "released" else synthetic.detach()
    judged, judged_real = discriminator(leaked, t1w, t2w), discriminator(real, t1w, t2w)
    (0.5 * (((judged_real - 1) ** 2).mean() + (judged**2).mean())).backward()
    state.generator_optimizer.step()
    state.discriminator_optimizer.step()


def assert_close(one: nn.Module, other: nn.Module) -> None:
    for (name, mine), theirs in zip(one.named_parameters(), other.parameters(), strict=True):
        if name.endswith("conv.bias"):
            continue  # no effect before an instance norm: their gradients are rounding errors
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-4, msg=name)


@pytest.mark.parametrize("recipe", ["corrected", "released"])
def test_step_is_the_textbook_s(state: State, recipe: str) -> None:
    settings = SETTINGS.model_copy(update={"recipe": recipe})
    # Plain gradient descent, because Adam's first step shows only the gradients' signs.
    for name, module in (("generator", state.generator), ("discriminator", state.discriminator)):
        setattr(state, f"{name}_optimizer", torch.optim.SGD(module.parameters(), lr=1e-3))
    other = copy.deepcopy(state)
    before = copy.deepcopy(state.generator)
    batch = tuple(images[:1] for images in example_slices().to(CPU))
    train_step(state, batch, settings)  # type: ignore[arg-type]
    textbook_step(other, settings)
    assert_close(state.generator, other.generator)
    assert_close(state.discriminator, other.discriminator)
    moved = (before.output.weight - state.generator.output.weight).abs().max()
    assert moved > 1e-3


def test_the_released_recipe_moves_the_generator_elsewhere(state: State) -> None:
    batch = tuple(images[:1] for images in example_slices().to(CPU))
    other = copy.deepcopy(state)
    train_step(state, batch, SETTINGS)  # type: ignore[arg-type]
    train_step(other, batch, SETTINGS.model_copy(update={"recipe": "released"}))  # type: ignore[arg-type]
    same = zip(state.discriminator.parameters(), other.discriminator.parameters(), strict=True)
    assert all(torch.equal(mine, theirs) for mine, theirs in same)
    pairs = zip(state.generator.parameters(), other.generator.parameters(), strict=True)
    assert not all(torch.equal(mine, theirs) for mine, theirs in pairs)
