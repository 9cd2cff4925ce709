"""How many slices the page has room for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gfce.report.page.gray import Gray, Pictures, jpeg

MARGIN = 1.05
"""Slices differ in size; the one that is measured is where the tumour is largest."""
FEWEST = 6
"""Rather than fewer slices than these, fewer patients."""
Encoded = dict[str, list[str]]
"""The slices of each volume, in base64."""


def picked(slices: int, first: int, most: int) -> list[int]:
    """Numbers of the slices to show: evenly spaced, and `first` instead of its neighbour."""
    if most >= slices:
        return list(range(slices))
    # The middles of equal parts, so that a single one is the middle of the volume.
    numbers = ((np.arange(most) + 0.5) * slices / most).astype(int)
    numbers[np.abs(numbers - first).argmin()] = first
    return [int(number) for number in numbers]


def fitting(shown: Sequence[Pictures], room: float) -> tuple[list[Encoded], int]:
    """As many patients and slices as there is room for.

    Args:
        shown: the patients, those that are left out first at the end.
        room: bytes for all of them.

    Returns:
        The slices of each patient who is shown, and how many slices of each volume at most.
    """
    sizes = [_slice_bytes(pictures) for pictures in shown]
    patients, most = len(shown), 0
    while patients and (most := int(room / (MARGIN * sum(sizes[:patients])))) < FEWEST:
        patients -= 1
    longest = max((_slices(pictures) for pictures in shown[:patients]), default=0)
    most = min(most, longest)
    while patients and most:
        encoded = [encode(pictures, most) for pictures in shown[:patients]]
        if sum(map(_bytes, encoded)) <= room:
            return encoded, most
        most -= 1
    return [], 0


def _slices(pictures: Pictures) -> int:
    return len(pictures.volumes["ce"])


def _slice_bytes(pictures: Pictures) -> int:
    """What one slice of all of a patient's volumes takes."""
    return sum(len(jpeg(volume[pictures.first])) for volume in pictures.volumes.values())


def encode(pictures: Pictures, most: int) -> Encoded:
    """A patient's slices as JPEG in base64."""
    numbers = picked(_slices(pictures), pictures.first, most)
    return {name: _encoded(volume, numbers) for name, volume in pictures.volumes.items()}


def _encoded(volume: Gray, numbers: list[int]) -> list[str]:
    return [jpeg(volume[number]) for number in numbers]


def _bytes(encoded: Encoded) -> int:
    # A quote on either side and a comma for each.
    return sum(len(text) + 3 for texts in encoded.values() for text in texts)
