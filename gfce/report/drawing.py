"""`gfce figures`: the study's figures as PNG and SVG."""

from __future__ import annotations

import importlib
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from gfce.config import StudyConfig
from gfce.files import atomic_write
from gfce.report.figure import FIGURE_FORMATS, study_figures
from gfce.study import Results

STYLE: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "figure.dpi": 150,
    "savefig.dpi": 200,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "gfce",  # the same figure twice gives the same file
}


def draw_figure(config: StudyConfig, name: str) -> None:
    """Draw one of the study's figures.

    Raises:
        UserError: what it shows has not been made.
    """
    shown = study_figures(config)[name]
    draw = importlib.import_module(shown.module).draw
    with mpl.rc_context(STYLE):
        for file, figure in draw(config, shown.network):
            _save(figure, config, f"{name}/{file}" if file else name)


def _save(figure: Figure, config: StudyConfig, name: str) -> None:
    for kind in FIGURE_FORMATS:
        with atomic_write(Results(config).figure(name, kind)) as temporary:
            metadata = {"Date": None} if kind == "svg" else {"Software": None}
            # Images within an SVG, which is for print, have the figure's own resolution.
            resolution = max(STYLE["savefig.dpi"], figure.dpi if kind == "svg" else 0)
            figure.savefig(temporary, metadata=metadata, dpi=resolution)
        # Laid out once: that takes longer than drawing, and the formats show the same.
        figure.set_layout_engine("none")
