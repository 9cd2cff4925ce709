from pathlib import Path
from typing import Any

import pytest
import yaml
from cohorts import REPOSITORY, minimal_config

from gfce.config import StudyConfig, load_config, parse_config
from gfce.errors import UserError
from gfce.networks.discovery import architectures
from gfce.schema import schema_markdown, schema_text
from gfce.study import NORMALIZATION_LETTERS, cells


def complaint(content: Any) -> str:
    with pytest.raises(UserError) as caught:
        parse_config(content, "study.yaml")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("study.yaml: ")
    return message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"trainin": {}}, "trainin: unknown key (did you mean training?)"),
        (
            {"grid": {"normalisations": ["min_max"]}},
            "grid.normalisations: unknown key (did you mean normalizations?)",
        ),
        ({"grid": {"networks": {"mmgsn_net": {"widht": 8}}}}, "did you mean width?"),
        ({"grid": {"networks": {"mine": {}}}}, "say which `architecture`"),
        ({"grid": {"normalizations": ["z_scor"]}}, "grid.normalizations.0"),
        ({"grid": {"seeds": [1, 1]}}, "seeds: the same value stands there twice"),
        ({"grid": {"training_sets": {"duo": ["A", "D"]}}}, "D is not one of cohort.development"),
        ({"grid": {"training_sets": {"a": ["A"], "b": ["A"]}}}, "the same institutions"),
        ({"cohort": {"external": ["A"]}}, "institution A is named more than once"),
        ({"cohort": {"training_patients": 0}}, "cohort.training_patients"),
        ({"cohort": {"training_patients": 1.5}}, "cohort.training_patients"),
        ({"cohort": {"development": ["../etc"]}}, "cohort.development.0"),
        ({"images": {"matrix": [255, 224]}}, "divisible by 4"),
        ({"training": {"epochs": "many"}}, "training.epochs"),
        ({"training": {"epochs": 3, "constant_epochs": 4}}, "constant_epochs is larger"),
        ({"study": "a/b"}, "study: "),
    ],
)
def test_a_mistake_is_one_line_that_names_its_place(changes: dict[str, Any], expected: str) -> None:
    assert expected in complaint(minimal_config(**changes))


def test_what_must_be_given() -> None:
    assert "cohort: this key must be given" in complaint({"study": "x"})
    assert "study.yaml: " in complaint(None)


def test_files_that_are_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent.yaml: No such file"):
        load_config(tmp_path / "absent.yaml")
    (tmp_path / "broken.yaml").write_text("study: [")
    with pytest.raises(UserError, match=r"broken.yaml: not valid YAML \(line 1\)"):
        load_config(tmp_path / "broken.yaml")


def test_training_sets_by_default() -> None:
    config = parse_config(minimal_config(), "x")
    assert config.training_sets() == {
        "uni-A": ["A"],
        "uni-B": ["B"],
        "uni-C": ["C"],
        "tri": ["A", "B", "C"],
    }
    two = parse_config(minimal_config(cohort={"development": ["A", "B"]}), "x")
    assert list(two.training_sets()) == ["uni-A", "uni-B", "pooled"]
    one = parse_config(minimal_config(cohort={"development": ["A"]}), "x")
    assert list(one.training_sets()) == ["uni-A"]


@pytest.mark.parametrize("name", ["config.yaml", "demo.yaml"])
def test_shipped_configurations(name: str) -> None:
    config = load_config(REPOSITORY / "config" / name)
    assert len(config.training_sets()) * len(config.grid.normalizations) == 8


def test_the_demos_grid_has_every_axis_and_the_demos_cohort() -> None:
    demo, grid = (load_config(REPOSITORY / "config" / f"{n}.yaml") for n in ("demo", "demo-grid"))
    cohort = grid.cohort.model_copy(update={"dataset": demo.cohort.dataset})
    assert (cohort, grid.simulation, grid.seed) == (demo.cohort, demo.simulation, demo.seed)
    assert set(grid.grid.networks) == set(architectures())
    assert set(grid.grid.normalizations) == set(NORMALIZATION_LETTERS)
    assert len(cells(grid)) == 72


def test_the_default_values_are_the_papers() -> None:
    content = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    spelled_out = parse_config(content, "x")
    short = parse_config({"study": "paper", "cohort": content["cohort"]}, "x")
    assert short.training.model_copy(update={"threads": 8}) == spelled_out.training
    assert short.images == spelled_out.images
    assert short.training_sets() == spelled_out.training_sets()


def test_every_key_has_a_description() -> None:
    def undescribed(schema: dict[str, Any]) -> list[str]:
        properties = schema.get("properties", {})
        return [name for name, value in properties.items() if "description" not in value]

    schema = StudyConfig.model_json_schema()
    for section in [schema, *schema["$defs"].values()]:
        assert undescribed(section) == []


def test_the_schema_file_is_up_to_date() -> None:
    assert (REPOSITORY / "config" / "schema.json").read_text() == schema_text(), "make schema"


def test_the_keys_for_readers_are_up_to_date() -> None:
    text = (REPOSITORY / "docs" / "configuration.md").read_text()
    assert text == schema_markdown(), "make schema"
    assert "| `training_patients` | whole number or number | `53` |" in text
