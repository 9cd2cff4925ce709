"""Colours, markers and lines: a model and an institution look the same in every figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gfce.config import StudyConfig
from gfce.study import cells, model_label

COLORBLIND = (
    *("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc"),
    *("#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9"),
)
"""seaborn's palette of that name. seaborn itself imports SciPy's statistics, a second of each
figure, for these ten colours."""
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


def palette(count: int, most: int = SAFE_COLOURS) -> list[Colour]:
    """So many colours: up to `most` those of `COLORBLIND`, or evenly spaced hues."""
    if count <= most:
        return list(COLORBLIND[:count])
    import seaborn as sns

    return list(sns.color_palette("husl", count).as_hex())


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
