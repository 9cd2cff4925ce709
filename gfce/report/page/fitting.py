"""How many slices the page has room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gfce.report.page.gray import Pictures, jpeg

QUALITIES = (95, 88, 80)
"""Of JPEG, the best first. At 80, two pictures' errors are exact to about two gray levels."""
MARGIN = 1.05
"""Slices differ in size; the one that is measured is where the tumour is largest."""
FEWEST = 6
"""Rather than fewer slices than these, fewer patients."""
Encoded = dict[str, list[str]]
"""The slices of each volume, in base64."""


@dataclass(frozen=True)
class Fitted:
    """What there is room for.

    Attributes:
        patients: the slices of each patient who is shown.
        most: how many slices of a volume there are at most.
        quality: of their JPEG.
    """

    patients: list[Encoded]
    most: int
    quality: int


def picked(slices: int, first: int, most: int) -> list[int]:
    """Numbers of the slices to show: evenly spaced, and `first` instead of its neighbour."""
    if most >= slices:
        return list(range(slices))
    # The middles of equal parts, so that a single one is the middle of the volume.
    numbers = ((np.arange(most) + 0.5) * slices / most).astype(int)
    numbers[np.abs(numbers - first).argmin()] = first
    return [int(number) for number in numbers]


def fitting(shown: Sequence[Pictures], room: float) -> Fitted:
    """As much as there is room for: every slice in the best quality that has room for it.

    If none has, as many slices as the lowest leaves room for and, where these were fewer than
    `FEWEST`, fewer patients.

    Args:
        shown: the patients, those that are left out first at the end.
        room: bytes for all of them.
    """
    every = max(len(pictures.volumes["ce"]) for pictures in shown)
    for quality in QUALITIES:
        if _affordable(shown, room, quality) >= every:
            break
    patients, enough = len(shown), min(FEWEST, every)
    while patients and (most := _affordable(shown[:patients], room, quality)) < enough:
        patients -= 1
    if not patients:
        return Fitted([], 0, quality)
    return _within(shown[:patients], room, min(most, every), quality)


def _affordable(shown: Sequence[Pictures], room: float, quality: int) -> int:
    """How many slices of each volume there is room for, judged by one of each."""
    each = sum(
        len(jpeg(volume[pictures.first], quality))
        for pictures in shown
        for volume in pictures.volumes.values()
    )
    return int(room / (MARGIN * each))


def _within(shown: Sequence[Pictures], room: float, most: int, quality: int) -> Fitted:
    """The slices, and fewer where they take more room than was judged."""
    encoded = [encode(pictures, most, quality) for pictures in shown]
    if sum(map(_bytes, encoded)) > room:
        return _within(shown, room, most - 1, quality) if most > 1 else Fitted([], 0, quality)
    return Fitted(encoded, most, quality)


def encode(pictures: Pictures, most: int, quality: int) -> Encoded:
    """A patient's slices as JPEG in base64."""
    numbers = picked(len(pictures.volumes["ce"]), pictures.first, most)
    return {
        name: [jpeg(volume[number], quality) for number in numbers]
        for name, volume in pictures.volumes.items()
    }


def _bytes(encoded: Encoded) -> int:
    # A quote on either side and a comma for each.
    return sum(len(text) + 3 for texts in encoded.values() for text in texts)
