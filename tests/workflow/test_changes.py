"""A finished study through Snakemake, and what happens to its code, settings, data and files."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import pytest
import SimpleITK as sitk  # noqa: N813
import yaml
from long import takes_minutes
from studies import files_of, run_to_the_end, simulated_study, snakemake, write_config

from gfce.config import load_config
from gfce.study import Results, cells, read_training_set

TABLES = "tables"
"""Figures and the report follow from the tables, and are most of a tiny study's time."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a finished study of two models."""
    folder = tmp_path_factory.mktemp("changing")
    content = simulated_study(folder)
    content["grid"] |= {
        "normalizations": ["min_max"],
        "training_sets": {"one": ["Institution-1"], "both": ["Institution-1", "Institution-2"]},
    }
    config = write_config(folder, content)
    run_to_the_end(config)
    return config


def done(config: Path, *options: str) -> dict[str, int]:
    """Run the workflow to its end; the jobs of each rule that were done."""
    answer = snakemake(config, *options)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    words = [line.split() for line in (answer.stdout + answer.stderr).splitlines()]
    names = [line[1].rstrip(":") for line in words if line[:1] in (["rule"], ["checkpoint"])]
    names += [line[1].rstrip(":") for line in words if line[:1] in (["localrule"],)]
    names += [line[1].rstrip(":") for line in words if line[:1] in (["localcheckpoint"],)]
    return {name: names.count(name) for name in names if name != "all"}


def test_every_damaged_file_is_made_again_with_the_same_bytes(study: Path) -> None:
    results = Results(load_config(study))
    before = files_of(results)
    ours = [p for p in results.root.rglob("*") if p.is_file() and not _is_a_note(results, p)]
    for number, path in enumerate(sorted(ours)):
        if number % 3 == 0:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    run_to_the_end(study)
    assert files_of(results) == before
    assert done(study) == {}


def _is_a_note(results: Results, path: Path) -> bool:
    """What is no result: logs, times, saved states and this mechanism's own files."""
    part = path.relative_to(results.root).parts[0]
    return part in {"logs", "benchmarks", "checkpoints", "records", ".driver.lock"}


@takes_minutes
def test_a_lost_record_costs_a_run_and_no_byte(study: Path) -> None:
    results = Results(load_config(study))
    before = files_of(results)
    shutil.rmtree(results.records)
    (results.root / "study.json").unlink()
    run_to_the_end(study)
    assert files_of(results) == before


def test_a_replaced_image_reruns_exactly_what_saw_it(study: Path) -> None:
    config = load_config(study)
    [patient] = read_training_set(Results(config), "one")
    path = config.cohort.dataset / patient / "anat" / f"{patient}_T2w.nii.gz"
    original = path.read_bytes()
    image = sitk.ReadImage(path)
    sitk.WriteImage(image + 1, path, useCompression=True)
    jobs = done(study, TABLES)
    pooled = patient in read_training_set(Results(config), "both")
    assert jobs["index"] == jobs["preprocess"] == 1
    assert jobs["train"] == jobs["predict"] == 1 + pooled
    assert "simulate" not in jobs
    path.write_bytes(original)
    assert done(study, TABLES)["train"] == 1 + pooled


def test_a_simulated_patient_who_was_removed_stays_removed(study: Path, tmp_path: Path) -> None:
    config = load_config(study)
    patient = next(config.cohort.dataset.glob("sub-Institution4*"))
    patient.rename(tmp_path / patient.name)
    jobs = done(study, TABLES)
    assert "train" not in jobs
    assert jobs["predict"] == jobs["evaluate"] == 2
    assert not patient.exists()
    (tmp_path / patient.name).rename(patient)
    assert "train" not in done(study, TABLES)


def test_a_renamed_configuration_reruns_nothing(study: Path) -> None:
    renamed = study.with_name("renamed.yaml")
    study.rename(renamed)
    try:
        assert done(renamed, TABLES) == {}
    finally:
        renamed.rename(study)


def test_another_configuration_of_the_same_name_is_refused(study: Path) -> None:
    content = yaml.safe_load(study.read_text())
    content["training"]["epochs"] = 2
    other = study.with_name("other.yaml")
    other.write_text(yaml.safe_dump(content))
    answer = snakemake(other)
    assert answer.returncode != 0
    assert "holds the results of another configuration" in answer.stderr


def test_a_failed_retraining_keeps_the_model_and_tables_say_so(study: Path) -> None:
    content = yaml.safe_load(study.read_text())
    config = load_config(study)
    results, cell = Results(config), cells(config)[0]
    weights = (results.model(cell) / "weights.safetensors").read_bytes()
    changed = {**content, "training": {**content["training"], "learning_rate": 0.5}}
    study.write_text(yaml.safe_dump(changed))
    # No training can save its state: where its folder belongs, there is a file.
    obstacles = [results.checkpoint(cell).parent for cell in cells(config)]
    for obstacle in obstacles:
        shutil.rmtree(obstacle)
        obstacle.touch()
    try:
        answer = snakemake(study)
        assert answer.returncode != 0
        assert "setting training.learning_rate 0.001 -> 0.5" in answer.stderr
        assert (results.model(cell) / "weights.safetensors").read_bytes() == weights
        missing = results.table("missing", "csv").read_text()
        assert "not scored: train failed" in missing
        assert len(results.metrics.read_text().splitlines()) == 1
    finally:
        study.write_text(yaml.safe_dump(content))
        for obstacle in obstacles:
            obstacle.unlink()
    assert "train" not in done(study, TABLES)


def test_a_simulation_never_replaces_what_it_did_not_write(study: Path) -> None:
    content = yaml.safe_load(study.read_text())
    config = load_config(study)
    own = config.cohort.dataset / "sub-Doe" / "anat" / "sub-Doe_T1w.nii.gz"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    participants = (config.cohort.dataset / "participants.tsv").read_bytes()
    content["simulation"]["seed"] = 3
    study.write_text(yaml.safe_dump(content))
    answer = snakemake(study)
    assert answer.returncode != 0
    assert "holds data that were not simulated (sub-Doe/anat/sub-Doe_T1w.nii.gz)" in answer.stderr
    assert own.read_bytes() == b"mine"
    assert (config.cohort.dataset / "participants.tsv").read_bytes() == participants


def test_no_name_is_a_command(tmp_path: Path) -> None:
    name = "-a;touch x; b & 'c' \"d\" $(touch x) `touch x` | #"
    folder = tmp_path / name
    folder.mkdir()
    content = simulated_study(folder)
    content["grid"] |= {"normalizations": ["min_max"], "training_sets": {"one": ["Institution-1"]}}
    config = write_config(folder, content)
    config = config.rename(config.with_name(f"{name}.yaml"))
    answer = snakemake(config, "cohort", "images")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert not list(Path(tmp_path).rglob("x"))
    assert not (Path(__file__).parents[2] / "x").exists()


@pytest.mark.parametrize("name", ["a{b", "a}b", "a\nb"])
def test_a_name_that_cannot_be_quoted_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    answer = snakemake(write_config(folder, simulated_study(folder)), "--dry-run")
    assert answer.returncode != 0
    assert "rename it" in answer.stdout + answer.stderr


def test_a_second_driver_is_refused(study: Path) -> None:
    lock = Results(load_config(study)).root / ".driver.lock"
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        (Results(load_config(study)).tables / "table1.csv").unlink()
        answer = snakemake(study)
    assert answer.returncode != 0
    assert "another snakemake is at work on this study" in answer.stderr
    assert "Traceback" not in answer.stderr
