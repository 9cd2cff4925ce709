import pytest
from cohorts import minimal_config

from gfce.config import StudyConfig, parse_config
from gfce.errors import UserError
from gfce.study import Cell, Results, cells, find_cell, model_label, test_institutions

PAPER = {
    ("min_max", "uni-A"): "Uni-m1",
    ("min_max", "uni-B"): "Uni-m2",
    ("min_max", "uni-C"): "Uni-m3",
    ("min_max", "tri"): "Tri-M",
    ("z_score", "uni-A"): "Uni-z1",
    ("z_score", "uni-B"): "Uni-z2",
    ("z_score", "uni-C"): "Uni-z3",
    ("z_score", "tri"): "Tri-Z",
}


def config(**changes: object) -> StudyConfig:
    return parse_config(minimal_config(**changes), "test.yaml")


def test_the_papers_eight_cells_have_the_papers_labels() -> None:
    study = config()
    labels = {(c.normalization, c.training_set): model_label(study, c) for c in cells(study)}
    assert labels == PAPER


def test_labels_are_unique_but_for_seeds() -> None:
    networks = {"mmgsn_net": {}, "wide": {"architecture": "mmgsn_net"}}
    sets = {"uni-A": ["A"], "duo": ["A", "B"], "tri": ["A", "B", "C"]}
    study = config(grid={"networks": networks, "training_sets": sets, "seeds": [1, 2]})
    labels = [model_label(study, cell) for cell in cells(study) if cell.seed == 1]
    assert len(set(labels)) == len(labels) == 2 * 2 * 3
    assert "Duo-M" in labels
    assert "Tri-Z wide" in labels


def test_where_a_model_is_tested() -> None:
    study = config()
    tri = find_cell(study, "mmgsn_net/min_max/tri/seed-1")
    uni = find_cell(study, "mmgsn_net/z_score/uni-B/seed-1")
    assert test_institutions(study, tri) == {
        "A": "internal",
        "B": "internal",
        "C": "internal",
        "D": "external",
    }
    assert test_institutions(study, uni) == {
        "A": "cross",
        "B": "internal",
        "C": "cross",
        "D": "external",
    }


def test_a_pooled_model_is_a_guest_where_it_was_not_trained() -> None:
    sets = {"duo": ["A", "C"], "tri": ["A", "B", "C"]}
    study = config(grid={"training_sets": sets})
    cohorts = {
        cell.training_set: test_institutions(study, cell)
        for cell in cells(study)
        if cell.normalization == "min_max"
    }
    assert cohorts["duo"] == {"A": "internal", "B": "cross", "C": "internal", "D": "external"}
    assert "cross" not in cohorts["tri"].values()


def test_a_cell_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"such as mmgsn_net/min_max/tri/seed-1"):
        find_cell(config(), "mmgsn_net/min_max/trio/seed-1")


def test_paths_are_those_of_the_contract() -> None:
    results = Results(config())
    cell = Cell("mmgsn_net", "min_max", "tri", 3)
    assert str(results.model(cell)) == "results/tiny/models/mmgsn_net/min_max/tri/seed-3"
    assert str(results.predictions(cell)).endswith("predictions/mmgsn_net/min_max/tri/seed-3")
    assert str(results.cell_metrics(cell)).endswith("metrics/mmgsn_net/min_max/tri/seed-3.csv")
    assert str(results.training_sets) == "results/tiny/cohort/training_sets.csv"


def test_without_repairs_the_grid_is_as_it_was() -> None:
    assert {cell.repair for cell in cells(config())} == {"none"}
    assert "repair" not in str(cells(config())[0])


test_institutions.__test__ = False  # type: ignore[attr-defined]
