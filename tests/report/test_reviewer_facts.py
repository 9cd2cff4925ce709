"""What the pack says of studies with repairs: who is set aside, what augments, what began where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cohorts import minimal_config, write_cohort

from gfce.cohort.index import index
from gfce.config import parse_config
from gfce.files import write_text
from gfce.provenance.state import Provenance
from gfce.report.reviewer.data_card import data_card
from gfce.report.reviewer.packed_study import PackedStudy
from gfce.report.reviewer.writing import FACTS
from gfce.study import cells

REPAIRS = {
    "few": {"method": "few_shot", "options": {"patients": 2}},
    "intensity": {},
    "physics": {},
}
COHORT = {f"sub-{name}{number}": name for name in "ABD" for number in (1, 2, 3)}


def studied(folder: Path, repairs: dict[str, object]) -> PackedStudy:
    """A study of one network whose cohort is indexed and whose models are named in run.json."""
    grid = {"normalizations": ["z_score"], "training_sets": {"a": ["A"]}, "repairs": repairs}
    cohort = {"dataset": str(folder / "data"), "development": ["A", "B"], "external": ["D"]}
    content = minimal_config(results=str(folder / "results"), cohort=cohort, grid=grid)
    config = parse_config(content, "test.yaml")
    write_cohort(config.cohort.dataset, COHORT)
    index(config)
    study = PackedStudy(config, {}, Provenance(config))
    for cell in cells(config):
        run = {"weights_of": str(cell.unrepaired), "initial_weights_sha256": "1"}
        text = json.dumps(run if cell.repair == "few" else {"initial_weights_sha256": None})
        write_text(text, study.results.run(cell))
    return study


@pytest.fixture
def repaired(tmp_path: Path) -> PackedStudy:
    return studied(tmp_path, REPAIRS)


@pytest.fixture
def plain(tmp_path: Path) -> PackedStudy:
    return studied(tmp_path, {})


def test_models_with_a_repair_are_not_counted_as_the_product(
    repaired: PackedStudy, plain: PackedStudy
) -> None:
    product = "1 model: 1 network x 1 normalization x 1 training set, 1 training seed each"
    assert FACTS["goal"](plain).text.endswith(f"{product}.")
    said = f"{product}; 3 models that repair these: few, intensity, physics."
    assert FACTS["goal"](repaired).text.endswith(said)


def test_who_is_set_aside_is_not_tested_on(repaired: PackedStudy) -> None:
    apart = "apart from 2 patients of each that repairs learn from"
    assert f"external institutions are all tested on {apart}." in FACTS["partitions"](repaired).text
    assert f"tested on alone {apart}: D." in FACTS["centres"](repaired).text
    card = data_card(repaired)
    assert "| Tested on | Set aside for repairs | Masks |" in card
    assert "| D | external | 3 | 0 | 1 | 2 | 0 | 0 |" in card
    assert "| D | adapt | 2 |" in card


def test_without_repairs_nobody_is_set_aside(plain: PackedStudy) -> None:
    assert "are all tested on. There is no tuning set" in FACTS["partitions"](plain).text
    card = data_card(plain)
    assert "| D | external | 3 | 0 | 3 | 0 | 0 |" in card
    assert "adapt" not in card
    assert "repairs" not in card


def test_repairs_that_augment_are_named(repaired: PackedStudy, plain: PackedStudy) -> None:
    assert "No augmentation." in FACTS["training"](plain).text
    assert "Augmentation: of intensity, physics alone." in FACTS["training"](repaired).text
    assert "augmentation" not in FACTS["preprocessing"](repaired).text


def test_a_model_that_goes_on_from_a_finished_one_says_so(
    repaired: PackedStudy, plain: PackedStudy
) -> None:
    assert FACTS["initialization"](plain).text.endswith("weights of another one.")
    said = FACTS["initialization"](repaired).text
    assert said.endswith(
        "No training began with weights of another one. 1 model began as the finished one without "
        "a repair, named in run.json."
    )
