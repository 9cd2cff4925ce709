"""`gfce figures`: the study's figures as PNG and SVG."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from gfce.config import StudyConfig
from gfce.files import atomic_write
from gfce.report.heterogeneity import draw_heterogeneity
from gfce.report.learning import draw_learning
from gfce.report.synthesis import draw_synthesis
from gfce.study import FIGURE_FORMATS, LEARNING, Results, cells, figure_names

STYLE: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "figure.dpi": 150,
    "savefig.dpi": 200,
    "svg.hashsalt": "gfce",  # the same figure twice gives the same file
}


def draw_figure(config: StudyConfig, name: str) -> None:
    """Draw one of the study's figures.

    Raises:
        UserError: what it shows has not been made.
    """
    with mpl.rc_context(STYLE):
        for file, figure in _draw(config, name):
            _save(figure, config, file)


def _draw(config: StudyConfig, name: str) -> Iterator[tuple[str, Figure]]:
    """The files of a figure, without their extension, and what they show."""
    if name == LEARNING:
        for cell in cells(config):
            yield f"{LEARNING}/{cell}", draw_learning(config, cell)
    elif network := figure_names(config)[name]:
        yield name, draw_synthesis(config, network)
    else:
        yield name, draw_heterogeneity(config)


def _save(figure: Figure, config: StudyConfig, name: str) -> None:
    for kind in FIGURE_FORMATS:
        with atomic_write(Results(config).figure(name, kind)) as temporary:
            metadata = {"Date": None} if kind == "svg" else {"Software": None}
            figure.savefig(temporary, metadata=metadata)
