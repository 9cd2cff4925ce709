"""A network as a diagram: its blocks, the shapes of their outputs, and what enters what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Patch, Rectangle

from gfce.networks.chains import Block
from gfce.report.colours import COLORBLIND, palette
from gfce.report.diagram_layout import TIMES, Box, Layout
from gfce.report.diagram_lines import Line, lines

TEXT = 5.5
"""Points."""
INPUT_COLOUR = "0.45"
Colours = Mapping[str, tuple[float, float, float]]


def kind_colours(blocks: Sequence[Block]) -> Colours:
    """A colour for each kind of block; inputs are gray."""
    kinds = list(dict.fromkeys(block.kind for block in blocks if block.sources))
    colours = map(to_rgb, palette(len(kinds), most=len(COLORBLIND)))
    rest = {block.kind: to_rgb(INPUT_COLOUR) for block in blocks if not block.sources}
    return {**rest, **dict(zip(kinds, colours, strict=True))}


def draw_diagram(axes: Axes, layout: Layout, colours: Colours, left: float, top: float) -> None:
    """Draw a network.

    Args:
        axes: in inches, from above to below.
        layout: where everything lies.
        colours: of the kinds of blocks.
        left: where the diagram begins.
        top: as left.
    """
    if len(layout.bands) > 1:
        _draw_bands(axes, layout, left, top)
    for line in lines(layout):
        _draw_line(axes, line, colours[layout.boxes[line.source].block.kind], left, top)
    for box in layout.boxes:
        _draw_box(axes, box, colours[box.block.kind], left, top)


def _draw_bands(axes: Axes, layout: Layout, left: float, top: float) -> None:
    for number, band in enumerate(layout.bands):
        size = (layout.width, band.bottom - band.top)
        shade = "0.95" if number % 2 == 0 else "white"
        axes.add_patch(Rectangle((left, top + band.top), *size, color=shade, zorder=0, linewidth=0))
        if len(band.sizes) > 1:
            continue  # they stand in the boxes
        axes.text(
            left - 0.05,
            top + (band.top + band.bottom) / 2,
            TIMES.join(str(n) for n in min(band.sizes)),
            rotation=90,
            ha="right",
            va="center",
            fontsize=TEXT + 0.5,
        )


def _draw_line(
    axes: Axes, line: Line, colour: tuple[float, float, float], left: float, top: float
) -> None:
    x, y = zip(*((left + x, top + y) for x, y in line.points), strict=True)
    tip = x[-1] - 0.025
    axes.plot([*x[:-1], tip], y, color=colour, linewidth=0.7, zorder=1, solid_joinstyle="round")
    axes.plot([tip], [y[-1]], marker=">", markersize=2.6, color=colour, zorder=3, markeredgewidth=0)
    if line.branch:
        place = ([left + line.branch[0]], [top + line.branch[1]])
        axes.plot(*place, marker="o", markersize=2.4, color=colour, zorder=1, markeredgewidth=0)


def _draw_box(
    axes: Axes,
    box: Box,
    colour: tuple[float, float, float],
    left: float,
    top: float,
) -> None:
    pale = tuple(1 - 0.25 * (1 - part) for part in colour)
    corner = (left + box.left, top + box.top)
    axes.add_patch(
        FancyBboxPatch(
            corner,
            box.width,
            box.height,
            boxstyle="round,pad=0,rounding_size=0.03",
            facecolor=pale,
            edgecolor=colour,
            linewidth=0.8,
            zorder=2,
        )
    )
    middle = (corner[0] + box.width / 2, top + box.middle)
    text = "\n".join(box.text)
    axes.text(*middle, text, ha="center", va="center", fontsize=TEXT, zorder=4, linespacing=1.15)


def legend_handles(colours: Colours) -> list[Patch | Line2D]:
    """What the colours mean."""
    return [Patch(facecolor=colour, label=kind) for kind, colour in colours.items()]
