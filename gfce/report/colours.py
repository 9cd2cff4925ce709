"""Colours, markers and lines: a model and an institution look the same in every figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import seaborn as sns

from gfce.config import StudyConfig
from gfce.study import cells, model_label

SAFE_COLOURS = 8
"""Colours of the palette that people with any colour vision tell apart, and a grey."""
LINES = ("-", "--", ":", "-.")
MARKERS = "osD^vP*X"


def palette(count: int) -> list[str]:
    """So many colours, as #rrggbb: those of seaborn's `colorblind`, or evenly spaced hues."""
    colours = (
        sns.color_palette("colorblind", count)
        if count <= SAFE_COLOURS
        else sns.color_palette("husl", count)
    )
    return list(colours.as_hex())


def model_colours(config: StudyConfig) -> dict[str, str]:
    """The colour of each model by its label: that of its training set, by position in the study.

    Models of one training set share it; a figure parts them by marker, line or panel.
    """
    sets = list(config.training_sets())
    colours = dict(zip(sets, palette(len(sets)), strict=True))
    return {model_label(config, cell): colours[cell.training_set] for cell in cells(config)}


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
