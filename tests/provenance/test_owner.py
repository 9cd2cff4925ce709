"""Whose results are: a second study is refused, a renamed one is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cohorts import minimal_config

from gfce.config import StudyConfig, parse_config
from gfce.errors import UserError
from gfce.provenance.dataset import dataset_state
from gfce.provenance.owner import check_owner, claim, lock
from gfce.provenance.records import Recipe, Record
from gfce.study import Results


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yaml", "data/participants.tsv", "b/participants.tsv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)


def study(**changes: object) -> StudyConfig:
    return parse_config(minimal_config(**changes), "a.yaml")


def made(config: StudyConfig) -> None:
    """Claim a study's results, and pretend that its cohort was indexed."""
    claim(config, Path("a.yaml"))
    recipe = Recipe(inputs=dataset_state(config.cohort.dataset))
    Record(recipe, {}).save(Results(config).record("index"))


def test_the_same_study_comes_back(tmp_path: Path) -> None:
    made(study())
    claim(study(training={"epochs": 2}), Path("a.yaml"))
    assert "/" not in json.loads(Path("results/tiny/study.json").read_text())["dataset"]


def test_a_renamed_or_copied_configuration_is_the_same_study() -> None:
    made(study())
    claim(study(), Path("b.yaml"))
    claim(study(training={"epochs": 2}), Path("b.yaml"))
    told = study(training={"epochs": 2}, publication={"date": "2026-11-28"})
    claim(told, Path("c.yaml"))  # who hands results on has made no others


@pytest.mark.parametrize(
    ("changes", "path", "other"),
    [
        ({"cohort": {"dataset": "b"}}, "a.yaml", r"another dataset \(data\)"),
        ({"training": {"epochs": 2}}, "b.yaml", r"another configuration \(a.yaml\)"),
    ],
)
def test_another_study_of_the_same_name_is_refused(
    changes: dict[str, object], path: str, other: str
) -> None:
    made(study())
    with pytest.raises(UserError, match=rf"results/tiny: holds the results of {other}: change"):
        claim(study(**changes), Path(path))


def test_places_outside_the_working_folder_are_not_named(tmp_path: Path) -> None:
    outside = tmp_path.parent / "doe"
    claim(study(cohort={"dataset": str(outside)}), outside / "study.yaml")
    written = Path("results/tiny/study.json").read_text()
    assert "doe" not in written
    assert str(tmp_path.parent) not in written


def test_another_checkout_has_other_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = {"results": str(tmp_path / "results")}
    made(study(**shared))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    with pytest.raises(UserError, match="another dataset"):
        check_owner(study(**shared), Path("a.yaml"))


@pytest.mark.parametrize("content", ["", "[]", "nonsense", "{}"])
def test_a_damaged_file_is_written_anew(content: str) -> None:
    claim(study(), Path("a.yaml"))
    Path("results/tiny/study.json").write_text(content)
    claim(study(), Path("a.yaml"))
    assert json.loads(Path("results/tiny/study.json").read_text())["study"] == "tiny"


def test_one_driver_at_a_time() -> None:
    held = lock(study())
    assert held is not None
    with pytest.raises(UserError, match="another snakemake is at work on this study"):
        lock(study())


def test_a_mistyped_dataset_is_corrected() -> None:
    claim(study(cohort={"dataset": "dta"}), Path("a.yaml"))
    claim(study(), Path("a.yaml"))


def test_a_moved_dataset_is_the_same() -> None:
    made(study())
    Path("data").rename("moved")
    claim(study(cohort={"dataset": "moved"}), Path("a.yaml"))
