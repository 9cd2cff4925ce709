"""The diagram of a network: nothing lies upon anything, and no line is missing."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from cohorts import minimal_config

from gfce.config import parse_config
from gfce.report.diagram_layout import Box, Layout, lay_out, rounded
from gfce.report.diagram_lines import lines
from gfce.report.figures.figure2 import draw, network_blocks


def layouts(architecture: str) -> list[Layout]:
    content = minimal_config(
        images={"matrix": [64, 56]}, grid={"networks": {architecture: {"width": 8}}}
    )
    blocks = network_blocks(parse_config(content, "test.yaml"), architecture)
    return [lay_out(of, flat=flat) for flat, of in enumerate(blocks) if of]


def apart(one: Box, other: Box) -> bool:
    beside = one.right < other.left or other.right < one.left
    return beside or one.top + one.height < other.top or other.top + other.height < one.top


def crosses(start: tuple[float, float], end: tuple[float, float], box: Box) -> bool:
    (x0, x1), (y0, y1) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    below = box.top + box.height
    return x0 < box.right and x1 > box.left and y0 < below and y1 > box.top


@pytest.mark.parametrize("architecture", ["mmgsn_net", "pix2pix"])
def test_lines_lead_from_box_to_box_around_all_others(architecture: str) -> None:
    for layout in layouts(architecture):
        assert all(apart(*pair) for pair in combinations(layout.boxes, 2))
        drawn = lines(layout)
        assert len(drawn) == sum(len(box.block.sources) for box in layout.boxes)
        for line in drawn:
            assert line.points[0][0] == layout.boxes[line.source].right
            assert not any(
                crosses(*piece, box) for piece in pairwise(line.points) for box in layout.boxes
            )
        ends = [line.points[-1] for line in drawn]
        assert len(set(ends)) == len(ends)  # no two arrows upon each other


def test_encoders_go_down_and_decoders_come_up() -> None:
    generator, _ = layouts("mmgsn_net")
    middles = {box.block.name: box.middle for box in generator.boxes}
    assert middles["fusion_1"] < middles["fusion_2"] < middles["fusion_3"] == middles["bottleneck"]
    assert middles["decoder_2"] > middles["decoder_3"] > middles["decoder_4"]
    assert [min(band.sizes) for band in generator.bands] == [(64, 56), (32, 28), (16, 14)]


def test_the_figure_says_how_large_the_networks_are() -> None:
    grid = {"networks": {"mmgsn_net": {"width": 8}, "plain": {"architecture": "unet", "width": 8}}}
    config = parse_config(minimal_config(images={"matrix": [64, 56]}, grid=grid), "test.yaml")
    titles = {}
    for name in grid["networks"]:
        [(file, figure)] = draw(config, name)
        assert file == ""
        titles[name] = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert "391,105 parameters" in titles["mmgsn_net"]
    assert "plain, architecture unet" in titles["plain"]
    assert "no discriminator" in titles["plain"]


def test_numbers_of_parameters_are_short() -> None:
    numbers = (7, 999, 1000, 37_824, 999_499, 999_500, 14_065_362)
    assert [rounded(n) for n in numbers] == [
        *("7", "999", "1.00 k", "37.8 k", "999 k", "1.00 M", "14.1 M")
    ]
