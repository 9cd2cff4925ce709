"""The lines of a network's diagram: which way the output of a block goes to where it enters.

All lines of a block share a trunk, which runs to the right at its own height, if no box is in the
way, or else between two lanes; before the column of a target a line leaves the trunk and turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gfce.report.diagram_layout import SLOT, Box, Layout, targets

PORT = 0.055
"""Between two lines that enter one box."""
EDGE = 0.05
"""Of a box, where no line enters."""
Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """From one block to another.

    Attributes:
        source: the place of the block that it leaves.
        points: its corners, from the one block to the other.
        branch: where it leaves a trunk that goes on (None: it does not).
    """

    source: int
    points: list[Point]
    branch: Point | None


def lines(layout: Layout) -> list[Line]:
    """The lines between all blocks of a diagram."""
    entered = targets(layout)
    trunks = _trunks(layout, entered)
    ports = _ports(layout, trunks)
    turns = _turns(layout, trunks)
    return [
        _line(layout, source, target, trunks[source], ports[source, target], turns, ends)
        for source, ends in entered.items()
        for target in ends
    ]


def _line(
    layout: Layout,
    source: int,
    target: int,
    trunk: float,
    port: float,
    turns: Mapping[tuple[int, int], float],
    ends: Sequence[int],
) -> Line:
    start, end = layout.boxes[source], layout.boxes[target]
    turn = turns[end.column, source]
    way: list[Point] = [(start.right, start.middle)]
    beside = end.column == start.column + 1
    if not beside:
        leave = turns[start.column + 1, source]
        way += [(leave, start.middle), (leave, trunk), (turn, trunk)]
    else:
        way.append((turn, start.middle))
    branch = way[-1] if end.column < max(layout.boxes[n].column for n in ends) else None
    way += [(turn, port), (end.left, port)]
    return Line(source, way, branch)


def _trunks(layout: Layout, entered: Mapping[int, Sequence[int]]) -> dict[int, float]:
    """The height of each block's trunk."""
    taken: dict[int, list[range]] = {}
    found = {}
    for source, ends in entered.items():
        box, boxes = layout.boxes[source], [layout.boxes[end] for end in ends]
        passed = range(box.column + 1, max(end.column for end in boxes))
        if _is_free(layout, box.middle, passed):
            found[source] = box.middle
            continue
        heights = [end.middle for end in boxes if end.column in range(passed.start + 1, 10**6)]
        ways = {
            gap: abs(height - box.middle) + sum(abs(height - end) for end in heights)
            for gap, height in enumerate(layout.gaps)
        }
        gap = min(ways, key=lambda gap: (ways[gap], gap))
        beside = sum(_overlap(passed, other) for other in taken.setdefault(gap, []))
        taken[gap].append(passed)
        found[source] = layout.gaps[gap] + SLOT * (beside // 2 + beside % 2) * (-1) ** beside
    return found


def _is_free(layout: Layout, height: float, columns: range) -> bool:
    return not any(
        box.column in columns and box.top - SLOT < height < box.top + box.height + SLOT
        for box in layout.boxes
    )


def _overlap(one: range, other: range) -> bool:
    return one.start <= other.stop and other.start <= one.stop


def _ports(layout: Layout, trunks: Mapping[int, float]) -> dict[tuple[int, int], float]:
    """The height at which each line enters its box, in the order in which they come from above."""
    found = {}
    for target, box in enumerate(layout.boxes):
        come = {
            source: _coming(layout.boxes[source], box, trunks[source])
            for source in box.block.sources
        }
        order = sorted(come, key=lambda source: (come[source], source))
        for source, port in zip(order, _spread(box, [come[s] for s in order]), strict=True):
            found[source, target] = port
    return found


def _coming(start: Box, end: Box, trunk: float) -> float:
    return start.middle if end.column == start.column + 1 else trunk


def _spread(box: Box, wanted: Sequence[float]) -> list[float]:
    """Heights within a box as near as possible to those wanted, which rise, and apart."""
    low, high = box.top + EDGE, box.top + box.height - EDGE
    step = min(PORT, (high - low) / max(1, len(wanted) - 1))
    found: list[float] = []
    for place, height in enumerate(wanted):
        last = high - step * (len(wanted) - 1 - place)
        first = found[-1] + step if found else low
        found.append(min(max(height, first), last))
    return found


def _turns(layout: Layout, trunks: Mapping[int, float]) -> dict[tuple[int, int], float]:
    """Where the lines of a source turn before a column."""
    found = {}
    for column, nets in enumerate(layout.turning):
        order = sorted(nets, key=lambda source: (-trunks.get(source, 0.0), source))
        for place, source in enumerate(order):
            found[column, source] = layout.gutters[column] + SLOT * (place + 1)
    return found
