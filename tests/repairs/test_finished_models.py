"""Repairs that begin with a finished model, in a small study: few_shot and those at test time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from cohorts import minimal_config, write_cohort

from gfce.cli import main
from gfce.cohort.index import index
from gfce.cohort.leaks.design import Roles, leaks_by_id
from gfce.config import StudyConfig, load_config
from gfce.errors import UserError
from gfce.evaluation.model_folder import ModelFolder
from gfce.evaluation.predict import predict
from gfce.evaluation.predictions import load_prediction
from gfce.evaluation.synthesize import synthetic_volume
from gfce.files import sha256
from gfce.images.store import StoredPatient
from gfce.provenance.performing import perform
from gfce.provenance.state import Provenance
from gfce.steps import Task
from gfce.study import Cell, Results, adaptation_patients, cells, read_patients
from gfce.training import guard
from gfce.training.cell import train_cell
from gfce.training.interruption import TrainingStopped

COHORT = {f"sub-{name}{number}": name for name in "ABD" for number in (1, 2, 3)} | {
    f"sub-E{number}": "E" for number in (1, 2)
}
REPAIRS = {
    "few": {"method": "few_shot", "options": {"patients": 1, "epochs": 2}},
    "histogram_matching": {},
    "batch_statistics": {},
}
PLAIN = Cell("unet", "z_score", "uni-A", 1)


def repaired(name: str) -> Cell:
    return Cell("unet", "z_score", "uni-A", 1, name)


def study_in(folder: Path, repairs: dict[str, Any] = REPAIRS, **cohort: Any) -> StudyConfig:
    network = {"width": 2, "norm_layer": "batch"}
    grid = {
        "networks": {"unet": network},
        "normalizations": ["z_score"],
        "training_sets": {"uni-A": ["A"]},
        "repairs": repairs,
    }
    places = {"dataset": str(folder / "data"), "development": ["A", "B"], "external": ["D", "E"]}
    content = minimal_config(
        results=str(folder / "results"), cohort={**places, **cohort}, grid=grid
    )
    (folder / "tiny.yaml").write_text(yaml.safe_dump(content))
    return load_config(folder / "tiny.yaml")


def gfce(folder: Path, *arguments: object) -> None:
    step, *others = map(str, arguments)
    assert main([step, str(folder / "tiny.yaml"), *others]) == 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study of which one cell is trained, and then repaired in each way."""
    folder = tmp_path_factory.mktemp("repaired")
    config = study_in(folder)
    write_cohort(config.cohort.dataset, COHORT)
    gfce(folder, "index")
    gfce(folder, "leaks")
    for name in config.cohort.institutions:
        gfce(folder, "preprocess", name)
    for cell in cells(config):
        gfce(folder, "train", cell)
        gfce(folder, "predict", cell)
    return folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> StudyConfig:
    """A copy of it."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return study_in(tmp_path)


def predicted(config: StudyConfig, cell: Cell) -> dict[str, np.ndarray]:
    results, patients = Results(config), read_patients(Results(config))
    return {
        row.patient_id: load_prediction(
            results.predictions(cell),
            StoredPatient(results.images(row.institution), row.patient_id),
        )
        for row in patients[patients["split"] == "test"].itertuples()
    }


def run_json(config: StudyConfig, cell: Cell) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Results(config).run(cell).read_text())
    return content


def test_a_few_shot_cell_has_a_model_of_each_external_institution(made: Path) -> None:
    config, cell = study_in(made), repaired("few")
    results = Results(config)
    start = sha256(results.weights(PLAIN))
    assert sha256(results.weights(cell)) == start
    adapted = {sha256(results.adapted_weights(cell, name)) for name in ("D", "E")}
    assert len(adapted | {start}) == 3
    histories = [pd.read_csv(results.adapted_history(cell, name)) for name in ("D", "E")]
    for history in histories:
        assert list(history["learning_rate"]) == pytest.approx([1e-4 * 2 / 3, 1e-4 / 3])
    run = run_json(config, cell)
    assert run["weights_of"] == str(PLAIN)
    assert run["steps"] == 2 * 3 * 2  # institutions, slices, epochs
    chosen = adaptation_patients(config, cell, results)
    assert {name: each["patients"] for name, each in run["adapted_to"].items()} == chosen


def test_patients_who_are_learned_from_are_tested_by_no_model(made: Path) -> None:
    config = study_in(made)
    chosen = adaptation_patients(config, repaired("few"), Results(config))
    assert [len(patients) for patients in chosen.values()] == [1, 1]
    for cell in (PLAIN, *map(repaired, REPAIRS)):
        scored = {path.name for path in Results(config).predictions(cell).glob("sub-*")}
        assert len(scored) == 2 + 2 + 1  # held out at A and B, left at D and at E
        assert scored.isdisjoint(patient for patients in chosen.values() for patient in patients)


def test_the_model_is_chosen_by_the_patient_s_institution(made: Path) -> None:
    config = study_in(made)
    plain, few = predicted(config, PLAIN), predicted(config, repaired("few"))
    same = {patient for patient in plain if np.array_equal(plain[patient], few[patient])}
    assert {patient[:5] for patient in same} == {"sub-A", "sub-B"}


@pytest.mark.parametrize("name", ["histogram_matching", "batch_statistics"])
def test_a_repair_at_test_time_has_the_weights_and_changes_predictions(
    made: Path, name: str
) -> None:
    config, cell = study_in(made), repaired(name)
    results = Results(config)
    assert sha256(results.weights(cell)) == sha256(results.weights(PLAIN))
    run = run_json(config, cell)
    assert (run["weights_of"], run["steps"], run["wall_seconds"]) == (str(PLAIN), 0, 0)
    plain, changed = predicted(config, PLAIN), predicted(config, cell)
    assert all(not np.array_equal(plain[patient], changed[patient]) for patient in plain)


def test_a_killed_fine_tuning_goes_on_with_the_same_bytes(
    study: StudyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell, results = repaired("few"), Results(study)
    expected = {name: results.adapted_weights(cell, name).read_bytes() for name in ("D", "E")}
    shutil.rmtree(results.model(cell))
    shutil.rmtree(results.checkpoint(cell).parent)
    stopped = stop_after(monkeypatch, 8)  # in the second epoch of the second institution
    with pytest.raises(TrainingStopped):
        train_cell(study, cell)
    assert not results.weights(cell).exists()
    before = stopped()
    train_cell(study, cell)
    assert stopped() - before == 12 - 8
    assert expected == {
        name: results.adapted_weights(cell, name).read_bytes() for name in ("D", "E")
    }


def stop_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> Callable[[], int]:
    """Stop a training at a step of this process; returns how many were done."""
    done, original = [0], guard.Guard.after_step

    def counted(self: guard.Guard) -> None:
        done[0] += 1
        if done[0] == steps:
            self.stop._signal = 15
        original(self)

    monkeypatch.setattr(guard.Guard, "after_step", counted)
    return lambda: done[0]


@pytest.mark.usefixtures("study")
def test_another_institution_keeps_the_fine_tuning_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = repaired("few")
    done = stop_after(monkeypatch, 0)
    train_cell(study_in(tmp_path, external=["E"]), cell)
    assert done() == 0


def test_given_weights_are_refused(study: StudyConfig) -> None:
    weights = Results(study).weights(PLAIN)
    with pytest.raises(UserError, match="begins with the weights of unet/z_score/uni-A/seed-1"):
        train_cell(study, repaired("few"), weights)


def test_a_new_patient_is_of_no_institution_of_a_few_shot_cell(made: Path) -> None:
    results = Results(study_in(made))
    with pytest.raises(UserError, match="few has a model for each of D, E, and none for other"):
        ModelFolder.read(results.model(repaired("few")))
    assert ModelFolder.read(results.model(repaired("histogram_matching"))).fitted


def test_a_damaged_histogram_is_refused(study: StudyConfig) -> None:
    cell = repaired("histogram_matching")
    path = Results(study).normalization(cell)
    content = json.loads(path.read_text())
    content["repair"]["t2w"].pop()
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="lacks the training set's histogram of t2w"):
        predict(study, cell)


@pytest.mark.parametrize("name", ["histogram_matching", "batch_statistics"])
def test_synthesis_of_a_patient_is_what_is_predicted(made: Path, name: str) -> None:
    config, cell = study_in(made), repaired(name)
    results = Results(config)
    stored = StoredPatient(results.images("D"), next(iter(_left_at_d(config))))
    patient = SimpleNamespace(normalized=stored.normalized, head=stored.masks()["foreground"])
    volume = synthetic_volume(ModelFolder.read(results.model(cell)), patient)  # type: ignore[arg-type]
    assert np.array_equal(volume, load_prediction(results.predictions(cell), stored))


def _left_at_d(config: StudyConfig) -> list[str]:
    patients = read_patients(Results(config))
    of = (patients["institution"] == "D") & (patients["split"] == "test")
    return list(patients["patient_id"][of])


def test_what_is_made_of_what(made: Path) -> None:
    config = study_in(made)
    state, cell = Provenance(config), repaired("few")
    assert all(state.reason(Task(step, c)) is None for c in cells(config) for step in TRAINED)
    [of_d], [of_e] = adaptation_patients(config, cell, Results(config)).values()
    inputs = state.recipe(Task("train", cell)).inputs
    assert {f"models/{PLAIN}/weights.safetensors", f"{of_d} ce", f"{of_e} ce"} <= inputs.keys()
    predicted_by = state.recipe(Task("predict", cell)).inputs
    assert f"models/{cell}/weights_D.safetensors" in predicted_by
    assert not any(of_d in name for name in predicted_by)


TRAINED = ("train", "predict")


def test_models_that_are_trained_anew_are_repaired_anew(made: Path) -> None:
    config = study_in(made)
    slower = config.training.model_copy(update={"learning_rate": 1e-5})
    state = Provenance(config.model_copy(update={"training": slower}))
    assert all(state.reason(Task("train", cell)) for cell in cells(config))


def test_another_number_of_patients_fine_tunes_anew_and_tests_all_anew(
    study: StudyConfig, tmp_path: Path
) -> None:
    more = REPAIRS | {"few": {"method": "few_shot", "options": {"patients": 2, "epochs": 2}}}
    changed = study_in(tmp_path, more, external=["D"])
    first = adaptation_patients(study, repaired("few"), Results(study))["D"]
    perform(changed, Task("index"), lambda _: index(changed))
    assert adaptation_patients(changed, repaired("few"), Results(changed))["D"][:1] == first
    state = Provenance(changed)
    trained = {cell.repair for cell in cells(changed) if state.reason(Task("train", cell))}
    tested = {cell.repair for cell in cells(changed) if state.reason(Task("predict", cell))}
    assert trained == {"few"}
    assert tested == {"none", *REPAIRS}


def test_a_study_without_few_shot_knows_nothing_of_it(tmp_path: Path, made: Path) -> None:
    assert not Provenance(study_in(tmp_path, {})).recipe(Task("index")).settings.keys() & {
        name for name in Provenance(study_in(made)).recipe(Task("index")).settings if " " in name
    }


def test_an_institution_has_too_few_patients(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study_in(tmp_path, {"few_shot": {"options": {"patients": 2}}})
    write_cohort(tmp_path / "data", COHORT)
    assert main(["index", str(tmp_path / "tiny.yaml")]) == 1
    line = "institution E: too few usable patients (2): 2 to adapt to and at least 1 to test are"
    assert line in capsys.readouterr().err


def test_the_leak_guard_knows_who_is_learned_from(study: StudyConfig) -> None:
    results = Results(study)
    patients = read_patients(results)
    [of_d], [of_e] = adaptation_patients(study, repaired("few"), results).values()
    roles = Roles.of(study, results, patients)
    assert roles.concerned(of_d, _left_at_d(study)[0]) == ["uni-A"]
    assert roles.concerned(of_e, _left_at_d(study)[0]) == []  # E's model is not tested there
    assert leaks_by_id(study, roles, patients) == []
    patients.loc[patients["patient_id"] == of_d, "split"] = "test"
    [row] = leaks_by_id(study, Roles.of(study, results, patients), patients)
    assert (row["kind"], row["patient_id"]) == ("trained_and_tested", of_d)


def test_a_bundle_leaves_out_what_is_adapted_to_the_study(
    study: StudyConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    gfce(tmp_path, "bundle", "-o", tmp_path / "b.zip")
    assert f"left out: {repaired('few')}: is adapted to" in caplog.text
    write_cohort(tmp_path / "other", {"sub-F1": "F"})
    rows = [tmp_path / name for name in ("b.zip", "other")]
    (tmp_path / "key").touch(0o600)
    (tmp_path / "key").write_text("ab" * 32)
    command = ["evaluate-bundle", *rows, "--institution", "F", "--key", tmp_path / "key"]
    assert main([str(word) for word in [*command, "-o", tmp_path / "rows"]]) == 0
    scored = set(pd.read_csv(tmp_path / "rows" / "metrics.csv")["repair"])
    assert scored == {"none", "histogram_matching", "batch_statistics"}
    more = ["-o", str(tmp_path / "c.zip"), "--cells", "*/few/*"]
    assert main(["bundle", str(tmp_path / "tiny.yaml"), *more]) == 1
    assert "is adapted to the study's external institutions" in capsys.readouterr().err
