"""The learning curves of all cells on one sheet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from cohorts import minimal_config
from matplotlib.figure import Figure

from gfce.config import StudyConfig, parse_config
from gfce.report.learning_sheet import draw_sheet, marks
from gfce.study import Cell, cells

SIX = ["min_max", "z_score", "percentile_min_max", "dataset_z_score", "slice_z_score", "nyul"]


def history(cell: Cell, epochs: int = 5) -> pd.DataFrame:
    epoch = np.arange(1, epochs + 1)
    adversarial = 0.4 if cell.network == "mmgsn_net" else 0.0
    return pd.DataFrame(
        {
            "epoch": epoch,
            "loss_l1": 0.2 / epoch,
            "loss_adversarial": adversarial,
            "loss_discriminator": adversarial / 2,
            "learning_rate": np.minimum(1, (epochs + 1 - epoch) / 3),
        }
    )


def sheet(**grid: Any) -> tuple[StudyConfig, Figure]:
    config = parse_config(minimal_config(grid=grid), "test.yaml")
    return config, draw_sheet(config, {cell: history(cell) for cell in cells(config)})


def curves(axes: Any) -> int:
    return sum(len(line.get_xdata()) == 5 for line in axes.lines)


def test_every_cell_has_its_line() -> None:
    networks = {"mmgsn_net": {"width": 8}, "unet": {"width": 8}}
    config, figure = sheet(networks=networks, seeds=[1, 2])
    panels = figure.axes
    assert len(panels) == (2 + 1) * 2  # the U-Net has no adversarial losses
    of_l1 = [axes for n, axes in enumerate(panels) if n // 2 in (0, 2)]
    assert sum(curves(axes) for axes in of_l1) == len(cells(config))
    assert curves(panels[2]) == 2 * len(config.training_sets()) * 2
    colours = {
        line.get_color() for axes in of_l1 for line in axes.lines if len(line.get_xdata()) == 5
    }
    assert len(colours) == len(config.training_sets())
    falls = [line.get_xdata() for line in panels[0].lines if len(line.get_xdata()) == 2]
    assert list(falls[0]) == [3, 3]
    assert panels[0].get_ylim() == panels[4].get_ylim()


def test_a_large_grid_says_what_it_leaves_out() -> None:
    networks = {f"net{n}": {"architecture": "unet", "width": 8} for n in range(6)}
    _, figure = sheet(networks=networks, normalizations=SIX)
    assert len(figure.axes) == 4 * 6
    assert figure.get_suptitle() == "not shown: net4, net5"
    assert figure.get_size_inches()[1] < 9


def test_marks_are_round_numbers() -> None:
    assert marks(0.02, 3) == [0.03, 0.1, 0.3, 1, 3]
    assert marks(0.11, 0.31) == [0.15, 0.2, 0.3]
    assert len(marks(0.3, 0.34)) <= 1
