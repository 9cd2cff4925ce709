"""Figure 2: the network, drawn of the model itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from gfce.config import StudyConfig
from gfce.images.normalizations import NORMALIZATIONS
from gfce.networks.chains import Block, briefly_named, shortened, without_unused
from gfce.report.diagram import draw_diagram, kind_colours, legend_handles
from gfce.report.diagram_layout import Layout, lay_out
from gfce.report.figure import FigureKind

FIGURE = FigureKind(
    title="The network",
    caption="The generator and, below it, the discriminator, as found by running the model on a "
    "slice of the study's matrix. A box is a module of the network: its name, the feature maps of "
    "its output (ch), their rows and columns (at the left of the band, or in the box), and its "
    "parameters. Lines go from where a map is made to where it is used; a map of another size was "
    "pooled or upsampled on the way or within the box. Colours: classes of modules.",
    reads=(),
    each_network=True,
    draws_network=True,
)
MOST_BLOCKS = 20
"""Blocks beside each other that can be read; of more, rows of equal ones are one."""
MARGIN, HEAD, FOOT = 0.22, 0.25, 0.25
"""At the left, above each network, and for the legend, in inches."""
NARROWEST = 5.0
"""Has room for titles and legend."""


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """The generator above its discriminator."""
    assert network is not None
    generator, discriminator = network_blocks(config, network)
    title = _title(config, network, generator)
    if not discriminator:
        yield "", draw_networks([(f"{title}; no discriminator", _laid_out(generator))])
        return
    below = (f"Discriminator: {_parameters(discriminator)}", _laid_out(discriminator, flat=True))
    yield "", draw_networks([(title, _laid_out(generator)), below])


def network_blocks(config: StudyConfig, name: str) -> tuple[list[Block], list[Block]]:
    """The blocks of a network's generator and of its discriminator (none: it has none).

    Raises:
        UserError: the network cannot be built.
    """
    from gfce.networks.registry import build  # torch, which this figure alone needs
    from gfce.networks.tracing import trace

    network = config.network(name)
    bounded = NORMALIZATIONS[config.grid.normalizations[0]].bounded
    slices = (1, 1, *config.images.matrix)
    inputs = {"T1w": slices, "T2w": slices}
    generator = trace(lambda: build(network, bounded=bounded)[0], inputs)
    judging = trace(lambda: build(network, bounded=bounded)[1], {"CE": slices, **inputs})
    return without_unused(generator), without_unused(judging)


def _laid_out(blocks: Sequence[Block], *, flat: bool = False) -> Layout:
    return lay_out(shortened(briefly_named(blocks), MOST_BLOCKS), flat=flat)


def _title(config: StudyConfig, name: str, generator: Sequence[Block]) -> str:
    network = config.network(name)
    kind = "" if network.architecture == name else f", architecture {network.architecture}"
    options = f"width {network.width}, {network.norm_layer} normalization"
    return f"Generator of {name}{kind} ({options}): {_parameters(generator)}"


def _parameters(blocks: Sequence[Block]) -> str:
    return f"{sum(block.parameters for block in blocks):,} parameters"


def draw_networks(shown: Sequence[tuple[str, Layout]]) -> Figure:
    """Networks below each other, each with its title, in boxes of one size.

    Args:
        shown: titles and layouts.
    """
    colours = kind_colours([box.block for _, layout in shown for box in layout.boxes])
    width = 1.25 * MARGIN + max(NARROWEST, *(layout.width for _, layout in shown))
    height = sum(layout.height + HEAD for _, layout in shown) + FOOT
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    top = 0.0
    for title, layout in shown:
        axes.text(MARGIN, top + HEAD / 2 + 0.03, title, fontsize=7, va="center", weight="bold")
        draw_diagram(axes, layout, colours, MARGIN, top + HEAD)
        top += HEAD + layout.height
    handles = legend_handles(colours)
    figure.legend(
        handles=handles, loc="lower center", ncols=len(handles), fontsize=6, frameon=False
    )
    return figure
