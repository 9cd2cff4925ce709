"""What networks cost, against the networks themselves."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from gfce.config import Network
from gfce.estimating.networks import COSTS, UNKNOWN
from gfce.networks.discovery import architectures
from gfce.networks.registry import build


def operations(architecture: str, width: int, rows: int, columns: int) -> int:
    """Operations of the generator, and of the discriminator, on one slice."""
    generator, discriminator = build(Network(architecture=architecture, width=width), bounded=True)
    slices = torch.zeros(1, 1, rows, columns)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        generator(slices, slices)
        if discriminator is not None:
            discriminator(slices, slices, slices)
    return counter.get_total_flops()


def test_every_network_has_a_cost() -> None:
    assert set(architectures()) == set(COSTS)


@pytest.mark.parametrize("architecture", COSTS)
def test_weights_are_counted(architecture: str) -> None:
    generator, _ = build(Network(architecture=architecture, width=16), bounded=True)
    counted = sum(weights.numel() for weights in generator.parameters()) / 16**2
    assert 0.95 * COSTS[architecture].parameters < counted <= COSTS[architecture].parameters


@pytest.mark.parametrize("architecture", COSTS)
def test_work_is_against_mmgsn_nets(architecture: str) -> None:
    size = (32, 128, 112)
    share = operations(architecture, *size) / operations("mmgsn_net", *size)
    assert share == pytest.approx(COSTS[architecture].work, abs=0.05)


def test_an_unknown_network_costs_as_much_as_any() -> None:
    for field in dataclasses.fields(UNKNOWN):
        every = [getattr(cost, field.name) for cost in COSTS.values()]
        assert getattr(UNKNOWN, field.name) == max(every)
