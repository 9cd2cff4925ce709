"""One look for each model in all figures: colour by training set, marker by normalization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import seaborn as sns

from gfce.config import StudyConfig
from gfce.study import cells, model_label

MARKERS = "os^DvP*X"
Colour = tuple[float, float, float]


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


def model_colours(config: StudyConfig) -> dict[str, Colour]:
    """The colour of each model by its label."""
    return {label: look.colour for label, look in model_looks(config).items()}


def model_looks(config: StudyConfig) -> dict[str, Look]:
    """The look of each model by its label."""
    sets, normalizations = list(config.training_sets()), config.grid.normalizations
    palette = sns.color_palette("colorblind" if len(sets) <= 10 else "husl", len(sets))
    colours = dict(zip(sets, palette, strict=True))
    found = {}
    for cell in cells(config):
        place = normalizations.index(cell.normalization)
        look = Look(colours[cell.training_set], MARKERS[place % len(MARKERS)], place % 2 == 0)
        found[model_label(config, cell)] = look
    return found
