"""Colours, markers and lines: a model and an institution look the same in every figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import seaborn as sns

from gfce.config import StudyConfig
from gfce.study import cells, model_label

SAFE_COLOURS = 8
"""Colours of the palette that people with any colour vision tell apart, and a grey."""
LINES = ("-", "--", ":", "-.")
MARKERS = "os^DvP*X"
Colour = str
"""As #rrggbb."""


@dataclass(frozen=True)
class Look:
    """How a model is drawn.

    Attributes:
        colour: of its training set, the same whatever its normalization and network are.
        marker: of its normalization.
        filled: whether its markers are; those of every second normalization are not.
    """

    colour: Colour
    marker: str
    filled: bool

    @property
    def marks(self) -> dict[str, Any]:
        """Matplotlib's keywords of a marker without a line."""
        face = self.colour if self.filled else "white"
        return {"marker": self.marker, "color": self.colour, "markerfacecolor": face}


def palette(count: int) -> list[Colour]:
    """So many colours: those of seaborn's `colorblind`, or evenly spaced hues."""
    name = "colorblind" if count <= SAFE_COLOURS else "husl"
    return list(sns.color_palette(name, count).as_hex())


def model_colours(config: StudyConfig) -> dict[str, Colour]:
    """The colour of each model by its label."""
    return {label: look.colour for label, look in model_looks(config).items()}


def model_looks(config: StudyConfig) -> dict[str, Look]:
    """The look of each model by its label."""
    sets, normalizations = list(config.training_sets()), config.grid.normalizations
    colours = dict(zip(sets, palette(len(sets)), strict=True))
    found = {}
    for cell in cells(config):
        place = normalizations.index(cell.normalization)
        look = Look(colours[cell.training_set], MARKERS[place % len(MARKERS)], place % 2 == 0)
        found[model_label(config, cell)] = look
    return found


def institution_lines(institutions: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour and line of each institution, as Matplotlib's arguments.

    Lines differ as well, so that neighbours are told apart in grey. Colours repeat after
    `SAFE_COLOURS` institutions, with another kind of line.
    """
    colours = palette(min(len(institutions), SAFE_COLOURS))
    return {
        name: {
            "color": colours[place % SAFE_COLOURS],
            "linestyle": LINES[(place + place // SAFE_COLOURS) % len(LINES)],
        }
        for place, name in enumerate(institutions)
    }
