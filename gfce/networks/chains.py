"""The blocks of a network as a graph, and long rows of equal ones as one block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Block:
    """A block of a network.

    Attributes:
        name: of the module, dotted, or of the input.
        kind: its class.
        shape: of its output without the slices: channels, rows and columns.
        parameters: its weights.
        sources: the places of the blocks whose outputs enter it.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    sources: tuple[int, ...]


def without_unused(blocks: Sequence[Block]) -> list[Block]:
    """The blocks without those inputs that nothing is made of."""
    used = {source for block in blocks for source in block.sources}
    return _kept(blocks, [n for n, block in enumerate(blocks) if block.sources or n in used])


def briefly_named(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with the last parts of their names, as many as tell them apart."""
    names = [block.name.split(".") for block in blocks]
    return [
        replace(block, name=_brief(name, names)) for block, name in zip(blocks, names, strict=True)
    ]


def _brief(name: Sequence[str], names: Sequence[Sequence[str]]) -> str:
    for count in range(1, len(name)):
        end = name[-count:]
        alone = sum(other[-count:] == end for other in names) == 1
        if alone and not end[0][:1].isdigit():
            return ".".join(end)
    return ".".join(name)


def shortened(blocks: Sequence[Block], most: int) -> list[Block]:
    """The blocks with each row of equal ones as one, if there are more than `most`."""
    found = list(blocks)
    if len(found) > most:
        while pair := _joinable(found):
            found = _joined(found, *pair)
    return found


def _joinable(blocks: Sequence[Block]) -> tuple[int, int] | None:
    """The first two blocks that are equal and of which the second alone sees the first."""
    for number, block in enumerate(blocks):
        if len(block.sources) != 1:
            continue
        (source,) = block.sources
        before = blocks[source]
        equal = (before.kind, before.shape) == (block.kind, block.shape)
        if equal and sum(source in other.sources for other in blocks) == 1:
            return source, number
    return None


def _joined(blocks: Sequence[Block], first: int, second: int) -> list[Block]:
    one, other = blocks[first], blocks[second]
    joined = replace(
        other,
        name=f"{one.name.split(' – ')[0]} – {other.name}",
        parameters=one.parameters + other.parameters,
        sources=one.sources,
    )
    both = [joined if n == second else block for n, block in enumerate(blocks)]
    return _kept(both, [n for n in range(len(blocks)) if n != first])


def _kept(blocks: Sequence[Block], kept: Sequence[int]) -> list[Block]:
    place = {number: new for new, number in enumerate(kept)}
    return [
        replace(blocks[n], sources=tuple(place[source] for source in blocks[n].sources))
        for n in kept
    ]
