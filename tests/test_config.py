import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from cohorts import REPOSITORY, minimal_config
from hypothesis import given, settings
from hypothesis import strategies as st
from mistakes import MISTAKES

from gfce.config import StudyConfig, load_config, parse_config
from gfce.errors import UserError
from gfce.images.normalizations import NORMALIZATIONS
from gfce.networks.discovery import architectures
from gfce.schema import schema_markdown, schema_text
from gfce.study import cells


def complaint(content: Any) -> str:
    with pytest.raises(UserError) as caught:
        parse_config(content, "study.yaml")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("study.yaml: ")
    return message


@pytest.mark.parametrize(("changes", "expected"), MISTAKES, ids=[case[1] for case in MISTAKES])
def test_a_mistake_is_one_line_that_names_its_place(changes: dict[str, Any], expected: str) -> None:
    message = complaint(minimal_config(**changes))
    assert message == f"study.yaml: {expected}"


def test_what_must_be_given() -> None:
    assert "cohort: this key must be given" in complaint({"study": "x"})
    assert "study.yaml: " in complaint(None)


FILES: list[tuple[str | bytes, str]] = [
    ("", "has no keys: start from config/config.yaml"),
    ("# nothing\n", "has no keys: start from config/config.yaml"),
    ("- study\n", "has no keys: start from config/config.yaml"),
    ("study", "has no keys: start from config/config.yaml"),
    ("3", "has no keys: start from config/config.yaml"),
    ("study: Zürich".encode("latin-1"), "not text in UTF-8: save it as UTF-8"),
    ("study: x".encode("utf-16"), "not text in UTF-8: save it as UTF-8"),
    (b"\0", "not valid YAML: special characters are not allowed: correct the file"),
    (
        "study: [",
        "not valid YAML (line 1): while parsing a flow node expected the node content, but found "
        "'<stream end>': correct the file",
    ),
    (
        "a:\n\tb: 1",
        "not valid YAML (line 2): while scanning for the next token found character '\\t' that "
        "cannot start any token: correct the file",
    ),
    (
        "a: 1\n---\nb: 2",
        "not valid YAML (line 2): expected a single document in the stream but found another "
        "document: correct the file",
    ),
    (
        "study: x\nseed: 1\nstudy: y",
        "not valid YAML (line 3): the key study is given twice, keep one: correct the file",
    ),
    (
        "training:\n  epochs: 1\n  'epochs': 2",
        "not valid YAML (line 3): the key epochs is given twice, keep one: correct the file",
    ),
    (
        "grid: {networks: {unet: {width: 8, width: 16}}}",
        "not valid YAML (line 1): the key width is given twice, keep one: correct the file",
    ),
    (
        "seed: &seed 1\n",
        "not valid YAML (line 1): anchors and aliases are not read, write the value out: correct "
        "the file",
    ),
    (
        "seed: *seed\n",
        "not valid YAML (line 1): anchors and aliases are not read, write the value out: correct "
        "the file",
    ),
    (
        "training:\n  <<: {epochs: 1}\n  epochs: 2",
        "not valid YAML (line 2): the merge key << is not read, write the keys out: correct the "
        "file",
    ),
    (
        "study: !!python/object/apply:os.system [ls]",
        "not valid YAML (line 1): the tag tag:yaml.org,2002:python/object/apply:os.system is not "
        "read, leave it out: correct the file",
    ),
    (
        "seed: !!int abc",
        "not valid YAML (line 1): the tag tag:yaml.org,2002:int is not read, leave it out: correct "
        "the file",
    ),
    ("a: " + "[" * 5000, "not valid YAML (line 1): more than 20 levels: correct the file"),
    (
        "seed: 0x1F",
        "not valid YAML (line 1): write the number 0x1F as 8, 0.5 or 1e-3: correct the file",
    ),
    (
        "seed: 010",
        "not valid YAML (line 1): write the number 010 as 8, 0.5 or 1e-3: correct the file",
    ),
    (
        "walltime: 1:30",
        "not valid YAML (line 1): write the number 1:30 as 8, 0.5 or 1e-3: correct the file",
    ),
    (
        "seed: 1_000",
        "not valid YAML (line 1): write the number 1_000 as 8, 0.5 or 1e-3: correct the file",
    ),
    (
        "seed: " + "9" * 5000,
        "not valid YAML (line 1): a number that cannot be read: correct the file",
    ),
    (
        "? [a]\n: 1",
        "not valid YAML (line 1): while constructing a mapping found unhashable key: correct the "
        "file",
    ),
    ("a" * 1_000_001, "larger than 1000000 bytes: name a config file"),
    ("study: 2024-13-45\n", "cohort: this key must be given"),
    (
        "1: 2\nstudy: x\ncohort: {dataset: d, development: [A]}",
        "1: a key must be text: put it in quotes (given: 1)",
    ),
]


@pytest.mark.parametrize(("content", "expected"), FILES, ids=[case[1] for case in FILES])
def test_files_that_are_no_configuration(
    tmp_path: Path, content: str | bytes, expected: str
) -> None:
    path = tmp_path / "study.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UserError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}: {expected}"


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent.yaml: No such file .*: name a config file"):
        load_config(tmp_path / "absent.yaml")
    with pytest.raises(UserError, match=r"Is a directory: name a config file that exists"):
        load_config(tmp_path)


ACCEPTED = """\ufeff# With a byte order mark, Windows' line ends and numbers without a point.
study: 2022-11-01
cohort: {dataset: My Data/bids, development: [A], training_patients: 0.5, mask_label: 2}
training: {learning_rate: 1e-3, epochs: 3, constant_epochs: 0, checkpoint_minutes: 1}
""".replace("\n", "\r\n")


def test_what_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(ACCEPTED, encoding="utf-8", newline="")
    config = load_config(path)
    assert config.study == "2022-11-01"
    assert config.cohort.dataset == Path("My Data/bids")
    assert config.cohort.mask_label == 2
    assert config.training.learning_rate == 0.001
    assert config.training.checkpoint_minutes == 1


def test_folders_inside_each_other_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for results in ("link", "link/results"):
        content = minimal_config(
            results=str(tmp_path / results), cohort={"dataset": str(tmp_path / "data")}
        )
        assert "lies inside the other" in complaint(content)
    parse_config(minimal_config(results=str(tmp_path / "circle")), "x")


def test_a_unet_alone_takes_any_matrix() -> None:
    content = minimal_config(images={"matrix": [17, 83]}, grid={"networks": {"unet": {}}})
    assert parse_config(content, "x").images.matrix == (17, 83)


DEMO = yaml.safe_load((REPOSITORY / "config" / "demo-grid.yaml").read_text())
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["Institution-1", "institution-1", "unet", "tri", "1", "..", 10**400]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(content: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value of a configuration."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    found = []
    for key, value in items:
        found.append((*above, key))
        found += places(value, (*above, key)) if isinstance(value, dict | list) else []
    return found


def changed(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    """The same with one value replaced."""
    copy = content.copy()
    first, *others = place
    copy[first] = changed(copy[first], tuple(others), value) if others else value
    return copy


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.sampled_from(places(DEMO)), VALUES)
def test_any_value_anywhere_loads_or_is_one_line(place: tuple[Any, ...], value: Any) -> None:
    try:
        parse_config(changed(DEMO, place, value), "study.yaml")
    except UserError as error:
        assert str(error).isprintable()


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.binary(max_size=60)
    | st.text("ab:1.-_&*!<>{}[]'\"#|\t\n 0xe?,", max_size=40).map(str.encode),
)
def test_any_bytes_are_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_config(path)
    assert str(caught.value).isprintable()


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


def test_the_demo_of_mixed_contrast_differs_in_the_protocol_alone() -> None:
    demo, mixed = (
        yaml.safe_load((REPOSITORY / "config" / f"{name}.yaml").read_text())
        for name in ("demo", "demo-mixed-contrast")
    )
    unsuppressed = {"ce_fat_suppression": False}
    changes = {"Institution-1": unsuppressed, "Institution-5": unsuppressed}
    demo["study"] = "demo-mixed-contrast"
    demo["cohort"]["dataset"] = "data/demo-mixed-contrast"
    demo["simulation"]["changes"] = changes
    assert mixed == demo


def test_the_demos_grid_has_every_axis_and_the_demos_cohort() -> None:
    demo, grid = (load_config(REPOSITORY / "config" / f"{n}.yaml") for n in ("demo", "demo-grid"))
    cohort = grid.cohort.model_copy(update={"dataset": demo.cohort.dataset})
    assert (cohort, grid.simulation, grid.seed) == (demo.cohort, demo.simulation, demo.seed)
    assert set(grid.grid.networks) == set(architectures())
    assert set(grid.grid.normalizations) == set(NORMALIZATIONS)
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


@pytest.mark.parametrize(
    ("readable_by", "before", "after"),
    [
        ("everyone", 0o022, 0o022),
        ("group", 0o002, 0o027),
        ("owner", 0o022, 0o077),
        ("group", 0o077, 0o077),
    ],
)
def test_files_are_closed_to_others_and_never_opened(
    tmp_path: Path, readable_by: str, before: int, after: int
) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(minimal_config(readable_by=readable_by)))
    umask = os.umask(before)
    try:
        load_config(path)
    finally:
        assert os.umask(umask) == after
