"""Learning curves: what the trainings' histories say about how they went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.repairs.method import NONE
from gfce.report.figure import FigureKind
from gfce.report.learning_sheet import draw_sheet
from gfce.study import Cell, Results, cells, method_of, model_label

FIGURE = FigureKind(
    title="Learning curves",
    caption="Mean losses of each epoch, a column for each normalization and one or two rows for "
    "each network: the L1 loss in network units, which differ between normalizations, and the "
    "adversarial losses of the generator (solid) and of the discriminator (dashed), where there is "
    "one. A colour for each training set, a line for each seed. From the dotted line on the "
    "learning rate falls. Four networks and six normalizations fit the sheet; what it leaves out "
    "stands above it. A file for each cell, with its learning rate, lies in learning/.",
    reads=("train",),
)
PANELS = {
    "L1 loss (network units)": ["loss_l1"],
    "adversarial losses": ["loss_adversarial", "loss_discriminator"],
    "learning rate": ["learning_rate"],
}


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """All cells without a repair on one sheet, then each training by itself."""
    plain = [cell for cell in cells(config) if cell.repair == NONE]
    yield "", draw_sheet(config, {cell: _history(Results(config).history(cell)) for cell in plain})
    for cell in cells(config):
        for place, path in _histories(config, cell).items():
            name, title = (f"{cell}_{place}", f" at {place}") if place else (str(cell), "")
            yield name, draw_learning(config, cell, _history(path), title)


def _histories(config: StudyConfig, cell: Cell) -> dict[str, Path]:
    """A cell's histories: its own (no name), or those of the institutions that it is adapted to."""
    results, method = Results(config), method_of(config, cell)
    if method is None or not method.begins_with_none:
        return {"": results.history(cell)}
    names = config.cohort.external if method.target_patients else []
    return {name: results.adapted_history(cell, name) for name in names}


def _history(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise UserError(f"{path}: is not there: run `gfce train` first")
    return pd.read_csv(path)


def draw_learning(
    config: StudyConfig, cell: Cell, history: pd.DataFrame, place: str = ""
) -> Figure:
    """Losses and learning rate of one training by epoch.

    Args:
        config: the study.
        cell: whose training it is.
        history: the rows of its history.csv.
        place: behind the model's name in the title.
    """
    figure = Figure(figsize=(7.5, 2.4), layout="constrained")
    for axes, (title, columns) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        _draw_panel(axes, history, title, columns)
    figure.suptitle(f"{model_label(config, cell)}{place}, seed {cell.seed}")
    return figure


def _draw_panel(axes: Axes, history: pd.DataFrame, title: str, columns: list[str]) -> None:
    for column in columns:
        label = column.removeprefix("loss_")
        axes.plot(history["epoch"], history[column], marker=".", label=label)
    axes.set(title=title, xlabel="epoch", ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    if len(columns) > 1:
        axes.legend(frameon=False)
