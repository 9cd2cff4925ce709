"""What a cell's network costs."""

from __future__ import annotations

import pytest
from cohorts import Configure

from gfce.config import Network
from gfce.estimating.networks import step_units, weights_bytes
from gfce.networks.discovery import architectures
from gfce.networks.registry import build
from gfce.study import cells


@pytest.mark.parametrize("architecture", architectures())
def test_weights_are_those_of_the_file(configure: Configure, architecture: str) -> None:
    network = Network(architecture=architecture, width=16)
    config = configure(grid={"networks": {"mine": {"architecture": architecture, "width": 16}}})
    generator, _ = build(network, bounded=True)
    size = 4 * sum(weights.numel() for weights in generator.parameters())
    assert size <= weights_bytes(config, cells(config)[0]) < 1.1 * size


def test_work_grows_with_batch_pixels_width_squared_and_the_network(configure: Configure) -> None:
    config = configure(
        grid={"networks": {"mmgsn_net": {"width": 8}, "unet": {"width": 16}}},
        training={"batch_size": 3},
    )
    first = {cell.network: cell for cell in cells(config)}
    assert step_units(config, 100, first["mmgsn_net"]) == 3 * 100 * 8**2
    share = architectures()["unet"].work
    assert step_units(config, 100, first["unet"]) == pytest.approx(3 * 100 * 16**2 * share)
