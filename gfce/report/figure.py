"""What a figure is: declared once, in the module that draws it.

A module of `gfce.report.figures` is a figure of its name. It declares `FIGURE` with literals alone,
because it is read without importing Matplotlib (`gfce.declarations`), and has a function
`draw(config, network)` that yields each file of the figure: its name below the figure's folder
(empty: the figure is one file) and the Matplotlib figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

from gfce.config import StudyConfig
from gfce.declarations import declared

PACKAGE = "gfce.report.figures"
FIGURE_FORMATS = ("png", "svg")


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure, drawn of each study or of each of its networks.

    Attributes:
        title: a few words, for lists.
        caption: what is shown, to be read alone.
        reads: the steps whose results it shows, of `index`, `preprocess`, `distances`, `train`,
            `predict`, `dissect`, `tabulate` and `compare`.
        each_network: whether there is one for each network of the grid.
        section: the part of the configuration without which a study has no such figure, such as
            `grid.repairs` (empty: every study has it).
        draws_network: whether it is drawn of the network itself: of its code and options and of
            the study's matrix.
        chosen_models: whether it shows a choice of the models alone (`gfce.report.shown_models`).
    """

    title: str
    caption: str
    reads: tuple[str, ...]
    each_network: bool = False
    section: str = ""
    draws_network: bool = False
    chosen_models: bool = False


@dataclass(frozen=True)
class StudyFigure:
    """A figure of one study.

    Attributes:
        name: of the task and of the file or folder; further networks are named behind it.
        module: where it is declared and drawn.
        kind: what it shows.
        network: the network that it is of (None: of all).
    """

    name: str
    module: str
    kind: FigureKind
    network: str | None


def study_figures(config: StudyConfig) -> dict[str, StudyFigure]:
    """The figures of a study by name."""
    found = [
        StudyFigure(_name(config, module, network), f"{PACKAGE}.{module}", kind, network)
        for module, kind in declared(PACKAGE, "FIGURE", FigureKind).items()
        if not kind.section or attrgetter(kind.section)(config)
        for network in (config.grid.networks if kind.each_network else [None])
    ]
    return {figure.name: figure for figure in found}


def _name(config: StudyConfig, module: str, network: str | None) -> str:
    """The figure of the grid's first network has the module's name alone."""
    first, *_ = config.grid.networks
    return module if network in (None, first) else f"{module}_{network}"
