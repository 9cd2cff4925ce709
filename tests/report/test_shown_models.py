"""Which models figure 3 shows."""

from __future__ import annotations

from typing import Any

import pytest
from cohorts import minimal_config

from gfce.config import StudyConfig, parse_config
from gfce.errors import UserError
from gfce.report.figure import study_figures
from gfce.report.shown_models import shown_cells
from gfce.steps import Task, reads
from gfce.study import cells, model_label

NETWORKS = {"mmgsn_net": {"width": 8}, "unet": {"width": 8}}
SIX = ["min_max", "z_score", "percentile_min_max", "dataset_z_score", "slice_z_score", "nyul"]


def study(chosen: list[str] | None = None, **grid: Any) -> StudyConfig:
    grid = {"networks": NETWORKS, "seeds": [1, 2], **grid}
    report = {"figure3_models": chosen or []}
    return parse_config(minimal_config(grid=grid, report=report), "test.yaml")


def labels(config: StudyConfig, figure: str = "figure3") -> list[str]:
    shown = shown_cells(config, study_figures(config)[figure])
    assert all(cell.seed == 1 for cell in shown)
    return [model_label(config, cell) for cell in shown]


def test_eight_models_of_the_network_are_all_shown() -> None:
    eight = ["Uni-m1", "Uni-m2", "Uni-m3", "Tri-M", "Uni-z1", "Uni-z2", "Uni-z3", "Tri-Z"]
    assert labels(study()) == eight
    assert labels(study(), "figure3_unet") == [f"{label} unet" for label in eight]


def test_of_many_models_two_normalizations_are_shown_with_the_largest_set() -> None:
    first = ["Uni-m1", "Uni-m2", "Uni-m3", "Tri-M", "Uni-z1", "Uni-z2", "Uni-z3", "Tri-Z"]
    assert labels(study(normalizations=SIX)) == first
    pairs = {"ab": ["A", "B"], "bc": ["B", "C"], "all": ["A", "B", "C"]}
    many = {**pairs, **{f"uni-{name}": [name] for name in "ABC"}}
    one = labels(study(normalizations=SIX, training_sets=many))
    assert one == ["All-M", "Uni-m1", "Uni-m2", "Uni-m3", "All-Z", "Uni-z1", "Uni-z2", "Uni-z3"]
    two = {"a": ["A"], "ab": ["A", "B"]}
    assert labels(study(normalizations=SIX, training_sets=two)) == [
        *("Uni-m1", "Ab-M", "Uni-z1", "Ab-Z", "Uni-p1", "Ab-P", "Uni-d1", "Ab-D")
    ]


def test_of_many_repairs_those_of_the_first_institution_fill_the_room() -> None:
    repairs = {"intensity": {}, "few1": {"method": "few_shot", "options": {"patients": 1}}}
    repairs |= {"few2": {"method": "few_shot", "options": {"patients": 2}}, "fedavg": {}}
    repairs |= {"histogram_matching": {}, "physics": {}}
    one = labels(study(normalizations=["z_score"], repairs=repairs))
    assert one == [
        *("Uni-z1", "Uni-z1 intensity", "Uni-z1 few1", "Uni-z1 few2", "Uni-z1 histogram_matching"),
        *("Uni-z2", "Uni-z3", "Tri-Z"),
    ]
    two = labels(study(repairs=repairs))
    assert two == ["Uni-m1", "Uni-m2", "Uni-m3", "Tri-M", "Uni-z1", "Uni-z2", "Uni-z3", "Tri-Z"]


def test_chosen_models_are_shown_in_their_order_whatever_their_network() -> None:
    chosen = ["Tri-Z unet", "Tri-M"]
    config = study(chosen)
    assert labels(config) == chosen
    assert labels(config, "figure3_unet")[0] == "Uni-m1 unet"
    read = {str(task) for task in reads(config, Task("figures", "figure3")) if task.cell}
    assert read == {
        f"{step} {cell}"
        for step in ("train", "predict")
        for cell in cells(config)
        if model_label(config, cell) in chosen and cell.seed == 1
    }


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        (["Tri-M", "Uni-m4"], "Uni-m4 is not one of the grid's 16 models, such as Uni-m3"),
        (["Tri-M", "Tri-M"], "model Tri-M is named more than once"),
    ],
)
def test_a_mistake_is_one_clear_line(chosen: list[str], problem: str) -> None:
    with pytest.raises(UserError, match=problem) as caught:
        study(chosen)
    assert "report.figure3_models" in str(caught.value)
    assert "\n" not in str(caught.value)
