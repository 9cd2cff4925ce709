"""What networks declare, against the networks themselves."""

from __future__ import annotations

import dataclasses
from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from torch_checks import random_slices

from gfce.config import Network
from gfce.errors import UserError
from gfce.networks import discriminators, mmgsn_net, pix2pix
from gfce.networks.architecture import Architecture
from gfce.networks.discovery import architectures
from gfce.networks.registry import build

DECLARED = architectures()


def judged(architecture: str, width: int, rows: int, columns: int) -> Tensor:
    """Synthetic slices, or the discriminator's judgements of them."""
    generator, discriminator = build(Network(architecture=architecture, width=width), bounded=True)
    t1w, t2w = random_slices(1, 1, rows, columns)
    synthetic = generator(t1w, t2w)
    return synthetic if discriminator is None else discriminator(synthetic, t1w, t2w)


def smallest_side(declared: Architecture) -> int:
    multiple = declared.matrix_multiple
    return -(-declared.smallest_matrix // multiple) * multiple


@pytest.mark.parametrize("architecture", DECLARED)
def test_what_is_declared_can_be_built_and_applied(architecture: str) -> None:
    declared = DECLARED[architecture]
    side = smallest_side(declared)
    for width in (declared.width_multiple, 3 * declared.width_multiple):
        assert judged(architecture, width, side, side).isfinite().all()
    oblong = (side, side + declared.matrix_multiple)
    assert judged(architecture, declared.width_multiple, *oblong).isfinite().all()


def unfit(declared: Architecture) -> list[tuple[int, int, int]]:
    """Widths, rows and columns that are next to what is declared."""
    width, multiple = declared.width_multiple, declared.matrix_multiple
    side = smallest_side(declared)
    cases = [(width + 1, side, side)] if width > 1 else []
    if multiple > 1:
        cases += [(width, side + 1, side), (width, side, side + multiple // 2)]
    if declared.smallest_matrix > 1:
        cases += [(width, side - multiple, side), (width, side, side - multiple)]
    return cases


@pytest.mark.parametrize(
    ("architecture", "options"),
    [(name, options) for name, declared in DECLARED.items() for options in unfit(declared)],
)
def test_what_does_not_fit_is_refused(architecture: str, options: tuple[int, int, int]) -> None:
    with pytest.raises(UserError):
        judged(architecture, *options)


@pytest.mark.parametrize("side", [38, 39, 41, 42])
def test_mmgsn_net_cannot_halve_other_sizes_twice(
    monkeypatch: pytest.MonkeyPatch, side: int
) -> None:
    monkeypatch.setattr(mmgsn_net, "ARCHITECTURE", Architecture())
    generator, _ = mmgsn_net.build(Network(width=8), bounded=True)
    with pytest.raises(RuntimeError, match="size"):
        generator(*random_slices(1, 1, side, 40))


@pytest.mark.parametrize(
    ("module", "check"),
    [(mmgsn_net, discriminators), (pix2pix, pix2pix)],
    ids=["mmgsn_net", "pix2pix"],
)
def test_discriminators_take_no_smaller_slices(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, check: ModuleType
) -> None:
    """The smallest size is the convolutions' own, not only that of the check before them."""
    monkeypatch.setattr(check, "check_size", lambda *_: None)
    _, discriminator = module.build(
        Network(architecture=module.__name__.split(".")[-1], width=8), bounded=True
    )
    smallest = module.ARCHITECTURE.smallest_matrix
    image = torch.rand(1, 1, smallest, smallest)
    assert discriminator(image, image, image).numel() == 1
    for small in (image[..., 1:, :], image[..., 1:]):
        with pytest.raises((RuntimeError, ValueError)):
            discriminator(small, small, small)


def operations(architecture: str, width: int, rows: int, columns: int) -> int:
    """Operations of the generator, and of the discriminator, on one slice."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        judged(architecture, width, rows, columns)
    return counter.get_total_flops()


@pytest.mark.parametrize("architecture", DECLARED)
def test_weights_are_counted(architecture: str) -> None:
    generator, _ = build(Network(architecture=architecture, width=16), bounded=True)
    counted = sum(weights.numel() for weights in generator.parameters()) / 16**2
    assert 0.95 * DECLARED[architecture].parameters < counted <= DECLARED[architecture].parameters


@pytest.mark.parametrize("architecture", DECLARED)
def test_work_is_against_mmgsn_nets(architecture: str) -> None:
    size = (32, 128, 112)
    share = operations(architecture, *size) / operations("mmgsn_net", *size)
    assert share == pytest.approx(DECLARED[architecture].work, abs=0.05)


@pytest.mark.parametrize("field", ["parameters", "work"])
def test_a_network_of_which_nothing_is_known_costs_as_much_as_any(field: str) -> None:
    assert getattr(Architecture(), field) == max(
        getattr(declared, field) for declared in DECLARED.values()
    )


def test_a_network_of_which_nothing_is_known_has_no_limits() -> None:
    limits = {**dataclasses.asdict(Architecture()), "parameters": 1, "work": 1}
    assert set(limits.values()) == {1}
