"""What a changed setting, dataset or result makes due, and what it does not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cohorts import COHORT, image, write_cohort

from gfce.cohort.bids import Patient, anat_path, write_patient
from gfce.cohort.index import index
from gfce.cohort.layout import MASKS
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.images.modalities import MODALITIES
from gfce.images.writing import write_image
from gfce.provenance.performing import perform
from gfce.provenance.state import Provenance
from gfce.steps import STEPS, Task, tasks
from gfce.study import Cell, Results, cells, read_training_set
from provenance.conftest import study_in
from provenance.pretending import due, files, pretend, steps

AFTER_TRAINING = {"predict", "evaluate", "tabulate", "compare", "figures", "report", "pack"}
TABLES = {"tabulate", "compare", "figures", "report", "pack"}
ALL = set(STEPS) - {"simulate", "dissect"}


def trained(found: dict[Task, str]) -> set[Cell | None]:
    return {task.cell for task in found if task.step == "train"}


@pytest.mark.parametrize(
    ("changes", "rerun"),
    [
        ({"training": {"epochs": 2}}, {"train", *AFTER_TRAINING}),
        ({"training": {"threads": 2}}, {"train", *AFTER_TRAINING}),
        ({"training": {"checkpoint_minutes": 3}}, {"report", "pack"}),
        ({"training": {"walltime_minutes": 30}}, {"report", "pack"}),
        ({"cohort": {"exclude": {}}}, set()),
        ({"images": {"matrix": [48, 40]}}, ALL - {"index", "leaks"}),
        ({"images": {"alignment": "none"}}, set()),
        ({"images": {"alignment": "rigid"}}, ALL),
        ({"evaluation": {"average": "slice"}}, {"evaluate", "baselines", *TABLES}),
        ({"evaluation": {"scaling": "separate"}}, TABLES),
        ({"statistics": {"bootstrap_resamples": 99}}, {"compare", "figures", "report", "pack"}),
        ({"grid": {"networks": {"mmgsn_net": {"width": 16}}}}, {"train", *AFTER_TRAINING}),
        ({"study": "tiny"}, set()),
    ],
)
def test_a_setting_reruns_what_uses_it(
    finished: StudyConfig, tmp_path: Path, changes: dict[str, Any], rerun: set[str]
) -> None:
    assert steps(due(study_in(tmp_path, **changes))) == rerun


def test_a_setting_of_statistics_redraws_their_figures_alone(
    finished: StudyConfig, tmp_path: Path
) -> None:
    found = due(study_in(tmp_path, statistics={"bootstrap_resamples": 99}))
    names = ("distance_effect", "figure5", "figure6", "next_hospital")
    figures = {f"figures {name}" for name in names}
    assert {str(task) for task in found} == {"compare", *figures, "report", "pack"}


def test_a_choice_of_models_redraws_figure_3_alone(finished: StudyConfig, tmp_path: Path) -> None:
    found = due(study_in(tmp_path, report={"figure3_models": ["Both-M", "Uni-m1"]}))
    assert {str(task) for task in found} == {"figures figure3", "report", "pack"}


def test_results_without_alignment_do_not_know_the_key(
    finished: StudyConfig, tmp_path: Path
) -> None:
    """Those of releases that did not have it are not made again."""
    aligned = study_in(tmp_path, images={"alignment": "resample"})
    for task in tasks(finished):
        assert "images.alignment" not in Provenance(finished).recipe(task).settings
    for step in ("index", "leaks"):
        assert Provenance(aligned).recipe(Task(step)).settings["images.alignment"] == "resample"


def test_the_reason_is_the_setting(finished: StudyConfig, tmp_path: Path) -> None:
    reasons = due(study_in(tmp_path, training={"epochs": 3, "learning_rate": 0.1}))
    (reason,) = {reason for task, reason in reasons.items() if task.step == "train"}
    assert reason == "setting training.epochs 1 -> 3 (and 1 more)"


def test_more_seeds_and_normalizations_train_only_the_new_cells(
    finished: StudyConfig, tmp_path: Path
) -> None:
    more = study_in(tmp_path, grid={"seeds": [1, 2], "normalizations": ["min_max", "nyul"]})
    new = set(cells(more)) - set(cells(finished))
    found = due(more)
    assert trained(found) == new
    assert {task.cell for task in found if task.step == "evaluate"} == new


def test_another_external_institution_trains_nothing(tmp_path: Path, finished: StudyConfig) -> None:
    write_cohort(tmp_path / "more", {"sub-E1": "E"})
    shutil.move(tmp_path / "more" / "sub-E1", tmp_path / "data" / "sub-E1")
    with (tmp_path / "data" / "participants.tsv").open("a") as table:
        table.write("sub-E1\tE\n")
    more = study_in(tmp_path, cohort={"external": ["D", "E"]})
    assert due(more)[Task("index")].startswith("setting cohort.external")
    index_anew(more)
    found = due(more)
    assert trained(found) == set()
    assert {str(task) for task in found if task.step == "preprocess"} == {"preprocess E"}
    assert steps(found) >= {"predict", "evaluate", *TABLES}


def index_anew(config: StudyConfig) -> None:
    perform(config, Task("index"), lambda _: index(config))


def volume(config: StudyConfig, patient: str, modality: str) -> Path:
    return config.cohort.dataset / f"{anat_path(patient, MODALITIES[modality].suffix)}.nii.gz"


def test_a_replaced_image_reruns_what_saw_it(finished: StudyConfig) -> None:
    [patient, *_] = read_training_set(Results(finished), "a")
    write_image(image(99), volume(finished, patient, "t1w"))
    reasons = due(finished)
    assert reasons.pop(Task("index")) == f"input {patient} changed"
    assert all(reason.startswith("follows") for reason in reasons.values())
    index_anew(finished)
    found = due(finished)
    pooled = read_training_set(Results(finished), "both")
    expected = {c for c in cells(finished) if c.training_set == "a" or patient in pooled}
    assert trained(found) == expected
    assert {r for t, r in found.items() if t.step == "train"} == {f"input {patient} T1w changed"}
    assert {str(t) for t in found if t.step == "preprocess"} == {"preprocess A"}


def test_a_replaced_test_image_trains_nothing(finished: StudyConfig) -> None:
    write_image(image(99), volume(finished, "sub-D1", "ce"))
    index_anew(finished)
    found = due(finished)
    # A prediction sees no CE.
    looked_over = {"leaks", "quality", "distances", "fingerprint"}
    assert steps(found) == {"preprocess", *looked_over, "evaluate", "baselines", *TABLES}


def test_a_touched_image_reruns_nothing_downstream(finished: StudyConfig) -> None:
    os.utime(volume(finished, "sub-A1", "t1w"))
    assert due(finished)[Task("index")] == "input sub-A1 changed"
    index_anew(finished)
    assert due(finished) == {}


def test_a_mask_that_is_delivered_later_reruns_scores(finished: StudyConfig) -> None:
    path = anat_path("sub-D1", "label-tumour_mask")
    write_image(image(1) > 300, finished.cohort.dataset / MASKS / f"{path}.nii.gz")
    index_anew(finished)
    assert steps(due(finished)) == {"preprocess", "evaluate", "baselines", *TABLES}


def add_patient(config: StudyConfig) -> None:
    dataset = config.cohort.dataset
    write_patient(dataset, Patient("sub-C4", "C", {m: image(n) for n, m in enumerate(MODALITIES)}))
    with (dataset / "participants.tsv").open("a") as table:
        table.write("sub-C4\tC\n")


def test_a_patient_more_redraws_the_split_of_his_institution(finished: StudyConfig) -> None:
    add_patient(finished)
    before = {name: read_training_set(Results(finished), name) for name in ("a", "both")}
    index_anew(finished)
    after = {name: read_training_set(Results(finished), name) for name in ("a", "both")}
    assert before == after
    assert trained(due(finished)) == set()  # C is no institution of these training sets


def test_an_excluded_patient_reruns_what_saw_him(finished: StudyConfig, tmp_path: Path) -> None:
    add_patient(finished)
    pretend(finished)
    recipe = Provenance(finished).recipe(Task("index"))
    assert not any("exclude" in name for name in recipe.settings)
    less = study_in(tmp_path, cohort={"exclude": {"sub-C4": "wrong series"}})
    reason = "setting cohort.exclude.sub-C4 none -> wrong series"
    assert due(less)[Task("index")] == reason
    index_anew(less)
    found = due(less)
    assert trained(found) == set()  # C is no institution of these training sets
    assert {str(t) for t in found if t.step == "preprocess"} == {"preprocess C"}
    assert "quality" in steps(found)


def test_a_patient_less_is_noticed(finished: StudyConfig) -> None:
    shutil.rmtree(finished.cohort.dataset / "sub-A1")
    assert due(finished)[Task("index")] == "input sub-A1 removed"


def test_files_that_concern_no_study_are_not_looked_at(finished: StudyConfig) -> None:
    dataset = finished.cohort.dataset
    (dataset / "sourcedata").mkdir()
    (dataset / "sourcedata" / "notes.txt").touch()
    (dataset / ".DS_Store").touch()
    (dataset / "CHANGES").touch()
    assert due(finished) == {}


def test_a_renamed_dataset_or_results_folder_reruns_nothing(
    finished: StudyConfig, tmp_path: Path
) -> None:
    (tmp_path / "data").rename(tmp_path / "moved")
    assert due(study_in(tmp_path, cohort={"dataset": tmp_path / "moved"})) == {}


Damage = Callable[[Path], None]


def delete(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_text("")


def edit_keeping_size(path: Path) -> None:
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


@pytest.mark.parametrize("damage", [delete, empty, edit_keeping_size])
def test_damage_to_any_file_is_noticed(finished: StudyConfig, damage: Damage) -> None:
    for task in tasks(finished):
        for path in Provenance(finished).record(task).files:  # type: ignore[union-attr]
            file = Results(finished).root / path
            content, times = file.read_bytes(), file.stat()
            damage(file)
            assert task in due(finished), path
            file.write_bytes(content)
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert due(finished) == {}


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": 9}', "nonsense", None])
def test_a_damaged_record_is_as_good_as_none(finished: StudyConfig, content: str | None) -> None:
    cell = cells(finished)[0]
    path = Results(finished).record("train", cell)
    path.unlink() if content is None else path.write_text(content)
    assert due(finished)[Task("train", cell)] == "not made yet"


def test_what_is_made_again_with_the_same_bytes_reruns_nothing(finished: StudyConfig) -> None:
    cell = cells(finished)[0]
    (Results(finished).model(cell) / "weights.safetensors").unlink()
    assert steps(due(finished)) == {"train", *AFTER_TRAINING}
    done: list[Task] = []
    for task in [Task("train", cell), Task("predict", cell), Task("evaluate", cell)]:
        perform(finished, task, lambda _, task=task: done.append(_again(finished, task)))
    assert done == [Task("train", cell)]
    assert due(finished) == {}


def _again(config: StudyConfig, task: Task) -> Task:
    from gfce.files import write_text

    for path in files(config, task):
        write_text(str(task), path)
    return task


def test_bit_rot_is_found_when_it_is_read(finished: StudyConfig) -> None:
    """Size and time are as they were: only the hash tells."""
    cell = cells(finished)[0]
    weights = Results(finished).model(cell) / "weights.safetensors"
    times = weights.stat()
    edit_keeping_size(weights)
    os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert due(finished) == {}
    (Results(finished).predictions(cell) / "a.json").unlink()
    with pytest.raises(UserError, match=r"weights.safetensors: is not as it was written: run"):
        perform(finished, Task("predict", cell), lambda _: None)
    assert "is not as it was written" in due(finished)[Task("train", cell)]


def test_a_failed_task_leaves_the_former_result(finished: StudyConfig, tmp_path: Path) -> None:
    cell = cells(finished)[0]
    weights = Results(finished).model(cell) / "weights.safetensors"
    before = weights.read_bytes()

    def fail(_: Provenance) -> None:
        raise UserError("the loss is not finite")

    with pytest.raises(UserError, match="not finite"):
        perform(study_in(tmp_path, training={"epochs": 2}), Task("train", cell), fail)
    assert weights.read_bytes() == before
    assert due(finished) == {}


def test_what_a_result_no_longer_has_is_removed_and_a_users_file_is_not(
    finished: StudyConfig, tmp_path: Path
) -> None:
    results = Results(finished)
    notes = results.tables / "notes.txt"
    notes.write_text("mine")
    leftover = results.tables / ".123-table2.csv"
    leftover.touch()
    (results.tables / ".123-notes").touch()
    other = study_in(tmp_path, evaluation={"scaling": "separate"})

    def without_table1(_: Provenance) -> None:
        from gfce.files import write_text

        write_text("x", results.metrics)
        write_text("x", results.table("table2", "csv"))

    perform(other, Task("tabulate"), without_table1)
    assert not results.table("table1", "csv").exists()
    assert not leftover.exists()
    assert (results.tables / ".123-notes").exists()
    assert notes.read_text() == "mine"


def test_a_fine_tuned_model_stays_until_its_recipe_changes(
    finished: StudyConfig, tmp_path: Path
) -> None:
    cell = cells(finished)[0]
    (Results(finished).model(cell) / "weights.safetensors").unlink()
    perform(finished, Task("train", cell), lambda _: _again(finished, Task("train", cell)), "cafe")
    assert Task("train", cell) not in due(finished)
    changed = study_in(tmp_path, training={"epochs": 2})
    assert due(changed)[Task("train", cell)] == "setting training.epochs 1 -> 2"
    assert "initial weights" in Provenance(changed).recipe(Task("train", cell)).inputs


def test_tables_of_a_partly_finished_study_say_what_does_not_fit(
    finished: StudyConfig, tmp_path: Path
) -> None:
    changed = study_in(tmp_path, training={"epochs": 2})
    state = Provenance(changed)
    unusable = state.unusable(Task("tabulate"))
    assert unusable == {Task("evaluate", cell): "follows train" for cell in cells(changed)}
    assert state.next_step(cells(changed)[0]) == ("train", "setting training.epochs 1 -> 2")


def test_the_whole_of_a_study_is_pretended(tmp_path: Path) -> None:
    config = study_in(tmp_path)
    write_cohort(config.cohort.dataset, COHORT)
    assert set(due(config).values()) == {"not made yet"}
    pretend(config)
    assert due(config) == {}
