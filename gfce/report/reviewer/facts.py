"""Facts of a study that answer items of checklists, each with the files that show it.

A fact is a function of the study; which items it answers stands in the lists' CSVs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gfce.report.reviewer.packed_study import PackedStudy


@dataclass(frozen=True)
class Fact:
    """What the study's files say.

    Attributes:
        text: in a sentence or several, of Markdown.
        files: paths below the results that show it; a folder's ends with a slash.
    """

    text: str
    files: tuple[str, ...] = ()


MakesFact = Callable[[PackedStudy], Fact]


def unknown(*files: str) -> Fact:
    """What is said while the files that would answer are not there."""
    return Fact("Not known yet.", files)


def listed(names: Iterable[object]) -> str:
    """Values in a sentence, parted by commas."""
    return ", ".join(map(str, names))
