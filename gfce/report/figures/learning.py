"""Learning curves: what a training's history says about how it went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.report.figure import FigureKind
from gfce.study import Cell, Results, cells, method_of, model_label

FIGURE = FigureKind(
    title="Learning curves",
    caption="Losses of the generator and the discriminator and the learning rate by epoch, a file "
    "for each cell of the grid.",
    reads=("train",),
)
PANELS = {
    "L1 loss (network units)": ["loss_l1"],
    "adversarial losses": ["loss_adversarial", "loss_discriminator"],
    "learning rate": ["learning_rate"],
}


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """The learning curves of every training."""
    results = Results(config)
    for cell in cells(config):
        method = method_of(config, cell)
        if method is None or not method.begins_with_none:
            yield str(cell), draw_learning(config, cell, results.history(cell))
        elif method.target_patients:
            for name in config.cohort.external:
                history = results.adapted_history(cell, name)
                yield f"{cell}_{name}", draw_learning(config, cell, history, f" at {name}")


def draw_learning(config: StudyConfig, cell: Cell, path: Path, place: str = "") -> Figure:
    """Losses and learning rate of one training by epoch.

    Args:
        config: the study.
        cell: whose training it is.
        path: its history.
        place: behind the model's name in the title.

    Raises:
        UserError: the cell has not been trained.
    """
    if not path.exists():
        raise UserError(f"{path}: is not there: run `gfce train` first")
    history = pd.read_csv(path)
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
