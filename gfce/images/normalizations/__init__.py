"""Intensity normalizations: each module with a NORMALIZATION is one, and declares all of it.

To add one, write `gfce/images/normalizations/<name>.py` with a subclass of `Normalization` (letter,
title, bounded, `map_for` and, if anything is fitted, `fit`) and `NORMALIZATION = <class>()`. The
module's name is its name in configurations and paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gfce.declarations import imported
from gfce.images.normalizations.base import Normalization


def _discover() -> Mapping[str, Normalization]:
    normalizations = imported(__name__, __path__, "NORMALIZATION")
    by_letter: dict[str, str] = {}
    for name, normalization in normalizations.items():
        _check_declarations(name, normalization)
        first = by_letter.setdefault(normalization.letter, name)
        if first != name:
            letter = normalization.letter
            raise ValueError(f"normalizations {first} and {name} have the same letter {letter!r}")
    return MappingProxyType(normalizations)


def _check_declarations(name: str, normalization: Normalization) -> None:
    for attribute in ("letter", "title", "bounded"):
        if not hasattr(normalization, attribute):
            raise TypeError(f"normalization {name} has no {attribute}")
    letter = normalization.letter
    # Labels of pooled models have it in upper case.
    if len(letter) != 1 or not "a" <= letter <= "z":
        raise ValueError(f"normalization {name} has the letter {letter!r}, not one of a to z")


NORMALIZATIONS: Mapping[str, Normalization] = _discover()
"""Every normalization by its name, in alphabetical order."""
