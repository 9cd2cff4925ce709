"""What a network is made of, found by running it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gfce.config import Network
from gfce.networks.chains import Block, briefly_named, shortened, without_unused
from gfce.networks.registry import build
from gfce.networks.tracing import trace

SLICES = (1, 1, 64, 56)
INPUTS = {"T1w": SLICES, "T2w": SLICES}
MMGSN_NET = {  # of the published graph: what enters each block
    "encoder_t1w.0": {"T1w"},
    "encoder_t2w.0": {"T2w"},
    "fusion_1": {"encoder_t1w.0", "encoder_t2w.0"},
    "encoder_t1w.1": {"encoder_t1w.0", "fusion_1"},
    "encoder_t2w.1": {"encoder_t2w.0", "fusion_1"},
    "fusion_2": {"encoder_t1w.1", "encoder_t2w.1", "fusion_1"},
    "encoder_t1w.2": {"encoder_t1w.1", "fusion_2", "fusion_1"},
    "encoder_t2w.2": {"encoder_t2w.1", "fusion_2", "fusion_1"},
    "fusion_3": {"encoder_t1w.2", "encoder_t2w.2", "fusion_2"},
    "bottleneck": {"fusion_3"},
    "decoder_1": {"bottleneck"},
    "decoder_2": {"encoder_t1w.2", "encoder_t2w.2", "decoder_1"},
    "decoder_3": {"encoder_t1w.1", "encoder_t2w.1", "decoder_2"},
    "attention": {"decoder_3"},
    "decoder_4": {"encoder_t1w.0", "encoder_t2w.0", "attention"},
    "decoder_5": {"decoder_4"},
    "output": {"decoder_5", "decoder_1", "decoder_2", "attention", "decoder_4"},
}


def edges(blocks: list[Block]) -> dict[str, set[str]]:
    return {b.name: {blocks[source].name for source in b.sources} for b in blocks if b.sources}


def test_mmgsn_net_is_found_as_it_was_published() -> None:
    whole = dict.fromkeys(INPUTS, (1, 1, 256, 224))
    network = Network(architecture="mmgsn_net")
    blocks = trace(lambda: build(network, bounded=True)[0], whole)
    assert edges(blocks) == MMGSN_NET
    shapes = {block.name: block.shape for block in blocks}
    assert shapes["fusion_1"] == (128, 256, 224)
    assert shapes["bottleneck"] == (512, 64, 56)
    assert shapes["output"] == (1, 256, 224)
    assert sum(block.parameters for block in blocks) == 14_065_362
    judging = trace(lambda: build(network, bounded=True)[1], {"CE": (1, 1, 256, 224), **whole})
    assert sum(block.parameters for block in judging) == 391_105
    assert without_unused(judging)[0].name == "CE"
    assert without_unused(judging)[-1].shape == (1, 14, 12)


def test_a_wrapped_network_is_opened() -> None:
    network = Network(architecture="unet", width=8)
    blocks = briefly_named(trace(lambda: build(network, bounded=True)[0], INPUTS))
    assert sum(block.parameters for block in blocks) == 488_313
    assert edges(blocks)["upcat_1"] == {"conv_0", "upcat_2"}
    assert trace(lambda: build(network, bounded=True)[1], INPUTS) == []


class Residual(nn.Module):
    """Looks at values, calls one layer twice and adds an input to what comes of it."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 8, 1)
        self.layers = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1) for _ in range(30))
        self.last = nn.Conv2d(4, 1, 1)

    def forward(self, t1w: Tensor, t2w: Tensor) -> Tensor:
        maps = self.first(torch.cat([t1w, t2w], dim=1))[:, ::2]
        for layer in self.layers:
            maps = layer(maps) if t1w.sum() >= 0 else maps
        return t1w + self.last(self.layers[0](maps))


def test_any_network_is_found() -> None:
    blocks = trace(Residual, INPUTS)
    assert edges(blocks)["layers.0 #2"] == {"layers.29"}
    assert edges(blocks)["output"] == {"T1w", "last"}
    total = sum(parameter.numel() for parameter in Residual().parameters())
    assert sum(block.parameters for block in blocks) == total
    short = shortened(blocks, 20)
    assert [block.name for block in short] == [
        *("T1w", "T2w", "first", "layers.0 – layers.0 #2", "last", "output")
    ]
    assert sum(block.parameters for block in short) == total


def test_a_mistake_of_the_network_is_not_hidden() -> None:
    class Mistaken(nn.Module):
        def forward(self, t1w: Tensor) -> Tensor:
            return t1w

    with pytest.raises(TypeError):
        trace(Mistaken, INPUTS)
