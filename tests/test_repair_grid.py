"""Repairs in the grid: which cells they have, what they are asked for, what the docs say."""

import re
from typing import Any

import pytest
from cohorts import REPOSITORY, minimal_config

from gfce.config import StudyConfig, parse_config
from gfce.errors import UserError
from gfce.estimating.job import Job
from gfce.estimating.size import StudySize
from gfce.estimating.speed import CPU
from gfce.repairs import METHODS
from gfce.steps import STEPS
from gfce.study import cells

DOCS = (REPOSITORY / "docs" / "repairs.md").read_text(encoding="utf-8")


def study(repairs: dict[str, Any], **changes: Any) -> StudyConfig:
    """A study of two institutions, each alone and both pooled."""
    content = minimal_config(
        cohort={"development": ["A", "B"]}, grid={"repairs": repairs}, **changes
    )
    return parse_config(content, "study.yaml")


def test_a_federation_has_cells_of_pooled_sets_alone() -> None:
    config = study({"fedavg": {}, "mild": {"method": "intensity"}})
    sets = {
        repair: {c.training_set for c in cells(config) if c.repair == repair}
        for repair in ("none", "fedavg", "mild")
    }
    assert sets["fedavg"] == {"pooled"}
    assert sets["mild"] == sets["none"] == {"uni-A", "uni-B", "pooled"}


@pytest.mark.parametrize(
    ("repairs", "expected"),
    [
        ({"fedavg": {"options": {"rounds": 3}}}, "fedavg.options.rounds: unknown key"),
        ({"fedavg": {"options": {"local_epochs": 1.5}}}, "local_epochs: 1.5: give a whole number"),
        ({"stacked": {"options": {"probability": 2}}}, "give a number between 0 and 1"),
        ({"phisics": {}}, "did you mean physics?"),
    ],
)
def test_a_mistake_is_one_line(repairs: dict[str, Any], expected: str) -> None:
    with pytest.raises(UserError) as caught:
        study(repairs)
    assert "\n" not in str(caught.value)
    assert "grid.repairs." in str(caught.value)
    assert expected in str(caught.value)


def test_a_repair_is_estimated_like_its_training_and_a_federation_holds_more_models() -> None:
    config = study({"fedavg": {}, "stacked": {}})
    size = StudySize(config)
    train = {
        cell.repair: STEPS["train"].estimate(Job(size, CPU, cell))
        for cell in cells(config)
        if cell.training_set == "pooled" and cell.normalization == "min_max"
    }
    assert train["stacked"] == train["none"]
    assert train["fedavg"].seconds == train["none"].seconds
    assert train["fedavg"].memory_mb > train["none"].memory_mb


@pytest.mark.parametrize("name", METHODS)
def test_the_docs_have_the_rows_of_each_method(name: str) -> None:
    method = METHODS[name]
    rows = [f"| `{name}` | {method.title} | {method.needs} | {method.training_sets} |"]
    rows += [
        f"| `{name}` | `{key}` | {option.default:g} | {option.low:g}, {option.high:g} | "
        f"{option.meaning} |"
        for key, option in method.options.items()
    ]
    written = re.findall(rf"^\| `{name}` \|.*$", DOCS, re.MULTILINE)
    assert [row for row in rows if row not in written] == [], "docs/repairs.md lacks these rows"
