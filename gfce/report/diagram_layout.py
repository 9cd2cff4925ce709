"""Where the blocks of a network lie in its diagram, in inches from the upper left corner.

From left to right in the order in which they run; from above to below by the size of their maps, a
band for each size, so that an encoder goes down and a decoder comes up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TypeVar

from gfce.networks.chains import Block

BOX_WIDTH, NARROW_WIDTH = 0.44, 0.26
TALLEST = 0.55
"""Height of the boxes whose maps have the most rows; others are less tall, if their text fits."""
TEXT_LINE, TEXT_FRAME = 0.088, 0.07
"""Height of a line of text, and what is left free around."""
GAP = 0.12
"""Between two lanes: lines may run there."""
SLOT = 0.028
"""Between two lines beside each other."""
GUTTER = 0.07
"""Between two columns, if no line turns there."""
NAME_LETTERS, NARROW_LETTERS = 10, 4
Value = TypeVar("Value")
Size = tuple[int, int]
"""Rows and columns."""
TIMES = "\u2009×\u2009"


@dataclass(frozen=True)
class Box:
    """A block where it lies, and what stands in it."""

    block: Block
    text: list[str]
    column: int
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return self.top + self.height / 2


@dataclass(frozen=True)
class Band:
    """The blocks of one size of maps, or nearly one: their sizes, and from where to where."""

    sizes: set[Size]
    top: float
    bottom: float


@dataclass(frozen=True)
class Layout:
    """A diagram.

    Attributes:
        boxes: of the blocks, in their order.
        bands: of the sizes of maps.
        gaps: heights between lanes, where no box is.
        gutters: the left edge of the space before each column.
        turning: the sources of the lines that turn in the space before each column.
    """

    boxes: list[Box]
    bands: list[Band]
    gaps: list[float]
    gutters: list[float]
    turning: list[list[int]] = field(default_factory=list)

    @property
    def width(self) -> float:
        """From the left edge to the right one."""
        return max(box.right for box in self.boxes) + GUTTER

    @property
    def height(self) -> float:
        """From the upper edge to the lower one."""
        return self.gaps[-1] + GAP / 2


def lay_out(blocks: Sequence[Block], *, flat: bool = False) -> Layout:
    """Give every block its place.

    Args:
        blocks: of one network, sources first.
        flat: whether all lie in one band, as suits a network that only becomes narrower.
    """
    columns, sizes = _columns(blocks), _sizes(blocks)
    level = [0] * len(blocks) if flat else _levels(sizes)
    lanes = _lanes(blocks, columns, level)
    shared = {band: set(_in_band(sizes, level, band)) for band in set(level)}
    texts = [words(block, with_size=len(shared[level[n]]) > 1) for n, block in enumerate(blocks)]
    heights = _heights(blocks, texts, sizes)
    extents, middles, gaps = _rows(level, lanes, heights)
    bands = [Band(shared[n], *extent) for n, extent in enumerate(extents)]
    turning = [_turning(blocks, columns, column) for column in range(max(columns) + 1)]
    widths = _widths(texts, columns)
    lefts = _lefts(widths, turning)
    boxes = []
    for n, (block, column) in enumerate(zip(blocks, columns, strict=True)):
        top = middles[level[n], lanes[n]] - heights[n] / 2
        boxes.append(Box(block, texts[n], column, lefts[column], top, widths[column], heights[n]))
    gutters = [left - _gutter(nets) for left, nets in zip(lefts, turning, strict=True)]
    return Layout(boxes, bands, gaps, gutters, turning)


def words(block: Block, *, with_size: bool) -> list[str]:
    """What stands in a box: name, feature maps, their rows and columns, parameters."""
    name = wrap(block.name.replace("_", " ").replace(".", " "), NAME_LETTERS)[:2]
    channels, *size = block.shape
    if len(size) != 2:  # no map, but say tokens
        return [*name, TIMES.join(str(n) for n in block.shape), rounded(block.parameters)]
    maps = [f"{channels} ch", *([TIMES.join(str(n) for n in size)] if with_size else [])]
    return [*name, *maps, *([rounded(block.parameters)] if block.parameters else [])]


def rounded(number: int) -> str:
    """A number with three significant digits and k or M behind it."""
    for limit, unit, letter in ((999_500, 1_000_000, "M"), (1000, 1000, "k")):
        if number >= limit:
            part = number / unit
            return f"{part:.{max(0, 3 - len(str(int(part))))}f} {letter}"
    return str(number)


def _columns(blocks: Sequence[Block]) -> list[int]:
    """The longest way from an input to each block."""
    found: list[int] = []
    for block in blocks:
        found.append(1 + max((found[source] for source in block.sources), default=-1))
    return found


def _sizes(blocks: Sequence[Block]) -> list[Size]:
    """Rows and columns of each block's maps; of what is no map, those of its largest source."""
    found: list[Size] = []
    for block in blocks:
        before = max((found[source] for source in block.sources), key=_area, default=(1, 1))
        found.append((block.shape[1], block.shape[2]) if len(block.shape) == 3 else before)
    return found


def _levels(sizes: Sequence[Size]) -> list[int]:
    """The band of each block: maps whose sides differ by less than half a halving share one."""
    largest = max(_area(size) for size in sizes)
    halvings = [round(math.log2(largest / _area(size)) / 2) for size in sizes]
    order = sorted(set(halvings))
    return [order.index(halving) for halving in halvings]


def _area(size: Size) -> int:
    return size[0] * size[1]


def _heights(
    blocks: Sequence[Block], texts: Sequence[Sequence[str]], sizes: Sequence[Size]
) -> list[float]:
    """By the rows of the maps, as far as the text fits; inputs are as tall as their text."""
    largest = max(rows for rows, _ in sizes)
    found = []
    for block, text, (rows, _) in zip(blocks, texts, sizes, strict=True):
        of_maps = TALLEST * float((rows / largest) ** 0.3) if block.sources else 0.0
        found.append(max(of_maps, TEXT_FRAME + TEXT_LINE * len(text)))
    return found


def _widths(texts: Sequence[Sequence[str]], columns: Sequence[int]) -> list[float]:
    """Widths of the columns: those of inputs have few words."""
    letters = [0] * (max(columns) + 1)
    for text, column in zip(texts, columns, strict=True):
        letters[column] = max(letters[column], *(len(line) for line in text))
    return [NARROW_WIDTH if count <= NARROW_LETTERS else BOX_WIDTH for count in letters]


def _lanes(blocks: Sequence[Block], columns: Sequence[int], level: Sequence[int]) -> list[int]:
    """The lane of each block within its band: one beside another if they share a column."""
    groups: dict[tuple[int, int], list[int]] = {}
    for number, key in enumerate(zip(level, columns, strict=True)):
        groups.setdefault(key, []).append(number)
    most: dict[int, int] = {}
    for (band, _), members in groups.items():
        most[band] = max(most.get(band, 1), len(members))
    lanes = [0] * len(blocks)
    for (band, _), members in sorted(groups.items(), key=lambda item: item[0][1]):
        members.sort(key=lambda n: _mean([lanes[source] for source in blocks[n].sources]))
        for place, number in enumerate(members):
            lanes[number] = most[band] - len(members) + 2 * place
    return lanes


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def _rows(
    level: Sequence[int], lanes: Sequence[int], heights: Sequence[float]
) -> tuple[list[tuple[float, float]], dict[tuple[int, int], float], list[float]]:
    """Top and bottom of each band, the middle of each of its lanes, the heights between lanes."""
    extents: list[tuple[float, float]] = []
    middles: dict[tuple[int, int], float] = {}
    down, gaps = GAP, [GAP / 2]
    for band in range(max(level) + 1):
        members, top = _in_band(range(len(level)), level, band), down
        for lane in range(max(lanes[number] for number in members) + 1):
            height = max((heights[n] for n in members if lanes[n] == lane), default=0.0)
            middles[band, lane] = down + height / 2
            down += height + GAP
            gaps.append(down - GAP / 2)
        extents.append((top - GAP / 2, down - GAP / 2))
    return extents, middles, gaps


def _in_band(values: Sequence[Value], level: Sequence[int], band: int) -> list[Value]:
    return [value for value, place in zip(values, level, strict=True) if place == band]


def _turning(blocks: Sequence[Block], columns: Sequence[int], column: int) -> list[int]:
    """The sources of the lines that may turn before a column."""
    ending = {s for b, at in zip(blocks, columns, strict=True) if at == column for s in b.sources}
    leaving = {
        source
        for block, at in zip(blocks, columns, strict=True)
        for source in block.sources
        if columns[source] == column - 1 and at > column
    }
    return sorted(ending | leaving)


def _gutter(nets: Sequence[int]) -> float:
    return GUTTER + SLOT * len(nets)


def _lefts(widths: Sequence[float], turning: Sequence[Sequence[int]]) -> list[float]:
    lefts, right = [], 0.0
    for column, (width, nets) in enumerate(zip(widths, turning, strict=True)):
        right += _gutter(nets) if column else 0.0
        lefts.append(right)
        right += width
    return lefts


def targets(layout: Layout) -> Mapping[int, list[int]]:
    """The blocks that each block's output enters."""
    found: dict[int, list[int]] = {}
    for number, box in enumerate(layout.boxes):
        for source in box.block.sources:
            found.setdefault(source, []).append(number)
    return found
