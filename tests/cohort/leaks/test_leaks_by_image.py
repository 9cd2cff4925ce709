"""Leaks that the images show: each planted one is found by its own row."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cohorts import REPOSITORY, Configure, minimal_config
from long import takes_minutes
from planting import expected, export_again, only_row, patient, read, same, write

from gfce.cohort.importing import import_manifest
from gfce.cohort.index import index
from gfce.cohort.leaks import find_leaks, guard
from gfce.cohort.simulating import simulate
from gfce.config import StudyConfig, parse_config
from gfce.errors import UserError
from gfce.images.modalities import MODALITIES
from gfce.study import Results, read_patients

REAL_COHORT = REPOSITORY.parent / "shared" / "real-cohort"


def test_the_ce_file_given_as_t1w(study: StudyConfig) -> None:
    one = patient(study, 1, "train")
    shutil.copy(study.cohort.dataset / one["ce"], study.cohort.dataset / one["t1w"])
    row = only_row(study)
    names = {"modality": "t1w", "other_modality": "ce"}
    assert same(row, expected("stop", "same_file", one, one, **names, reason="are the same file"))
    with pytest.raises(UserError) as caught:
        guard(study)
    name = one["patient_id"]
    wanted = f"{name} t1w and {name} ce: are the same file: correct the dataset (see "
    assert str(caught.value).startswith(wanted)
    assert "\n" not in str(caught.value)


def test_voxels_compressed_again_mirrored_and_padded(study: StudyConfig) -> None:
    one = patient(study, 1, "train")
    array, grid = read(study, one, "t1w")
    stored = np.pad(array[:, :, ::-1], ((0, 0), (2, 1), (1, 2))).astype(np.float64)
    padded, _ = read(study, one, "ce")
    write(study, one, "t2w", stored, grid)
    for modality in ("t1w", "ce"):
        values, _ = read(study, one, modality)
        write(study, one, modality, np.pad(values, ((0, 0), (2, 1), (1, 2))), grid)
    assert padded.shape != stored.shape
    names = {"modality": "t1w", "other_modality": "t2w", "reason": "are the same voxels"}
    assert same(only_row(study), expected("stop", "same_voxels", one, one, **names))


def test_one_patient_under_two_names_in_two_institutions(
    study: StudyConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    source, goal = patient(study, 1, "train"), patient(study, 4, "test")
    export_again(study, source, goal)
    row = only_row(study, workers=2)
    sets = ["uni-Institution-1"]
    drawn = pd.read_csv(Results(study).training_sets)
    if source["patient_id"] in set(drawn["patient_id"][drawn["training_set"] == "tri"]):
        sets.append("tri")
    reason = f"are the same head, one in training and one in test of {', '.join(sets)}"
    found = expected("stop", "same_head", source, goal, training_sets=";".join(sets))
    names = {"modality": row["modality"], "other_modality": row["modality"], "reason": reason}
    assert same(row, found | names)
    assert row["score"] > 0.85
    pair = (goal["patient_id"], source["patient_id"])
    assert find_leaks(study, different=[pair]).empty
    with pytest.raises(UserError, match=r"same head, .*keep one of them, or name them in"):
        guard(study)
    cohort = study.cohort.model_copy(update={"two_persons": [list(pair)]})
    guard(study.model_copy(update={"cohort": cohort}))


def test_two_exams_in_one_training_set_are_a_warning(
    study: StudyConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    source, goal = patient(study, 2, "train", 0), patient(study, 2, "train", 1)
    export_again(study, source, goal)
    row = only_row(study)
    assert (row["severity"], row["kind"], row["training_sets"]) == ("warning", "same_head", "")
    guard(study)
    line = capsys.readouterr().err.splitlines()[0]
    assert line.startswith(f"gfce: {source['patient_id']} {row['modality']} and ")
    assert line.endswith("are the same head")


def test_one_patient_twice_with_the_same_voxels(study: StudyConfig) -> None:
    source, goal = patient(study, 3, "train"), patient(study, 3, "test")
    for modality in MODALITIES:
        array, grid = read(study, source, modality)
        write(study, goal, modality, array, grid)
    table = find_leaks(study)
    assert list(table["kind"]) == ["same_voxels"] * 3
    assert set(table["severity"]) == {"stop"}
    assert list(table["modality"]) == list(table["other_modality"]) == list(MODALITIES)


def test_t1w_and_t2w_exchanged(study: StudyConfig) -> None:
    one = patient(study, 2, "test")
    paths = [study.cohort.dataset / one[modality] for modality in ("t1w", "t2w")]
    contents = [path.read_bytes() for path in paths]
    for path, bytes_ in zip(paths, reversed(contents), strict=True):
        path.write_bytes(bytes_)
    names = {"modality": "t1w", "other_modality": "t2w"}
    reason = "look like each other's modality"
    row = only_row(study)
    assert same(row, expected("stop", "swapped", one, one, **names, reason=reason))
    assert row["score"] < -0.1


@pytest.mark.parametrize(("noise", "severity"), [(0.0, "stop"), (0.02, "warning")])
def test_a_ce_volume_made_of_the_t1w_volume(
    study: StudyConfig, noise: float, severity: str
) -> None:
    one = patient(study, 3, "train")
    array, grid = read(study, one, "t1w")
    size = noise * np.percentile(array, 99)
    added = np.random.default_rng(0).normal(0, size, array.shape)
    write(study, one, "ce", (1.7 * np.maximum(array + added, 0) ** 0.9 + 3).astype("f4"), grid)
    row = only_row(study)
    assert (row["severity"], row["kind"]) == (severity, "same_image")
    assert (row["modality"], row["other_modality"]) == ("t1w", "ce")


@pytest.mark.skipif(not REAL_COHORT.exists(), reason="the real cohort is not beside the checkout")
def test_real_patients(configure: Configure, tmp_path: Path) -> None:
    import_manifest(REAL_COHORT / "manifest.csv", tmp_path / "data")
    sites = {"development": ["site-a", "site-b"], "external": ["site-c"], "training_patients": 1}
    config = configure(cohort=sites)
    index(config)
    assert find_leaks(config).empty
    table = read_patients(Results(config))
    source = table[(table["institution"] == "site-a") & (table["split"] == "train")].iloc[0]
    goal = table[table["institution"] == "site-c"].iloc[0]
    export_again(config, source, goal)
    row = only_row(config)
    assert (row["severity"], row["kind"]) == ("stop", "same_head")
    assert row["score"] > 0.9


@takes_minutes
def test_the_papers_cohort_simulated_has_no_leak(tmp_path: Path) -> None:
    counts = (71, 71, 71, 18, 9, 9, 7)
    patients = {f"Institution-{number}": count for number, count in enumerate(counts, start=1)}
    names = list(patients)
    config = parse_config(
        minimal_config(
            results=tmp_path / "results",
            cohort={
                "dataset": tmp_path / "data",
                "development": names[:3],
                "external": names[3:],
                "training_patients": 53,
            },
            simulation={"patients": patients, "coarsening": 3, "slices": 20},
        ),
        "test.yaml",
    )
    simulate(config, 2)
    index(config, 2)
    assert find_leaks(config, workers=2).empty
    plants = [(1, 4), (2, 5), (3, 6), (1, 7)]
    for number, (source, goal) in enumerate(plants):
        export_again(
            config, patient(config, source, "train", number), patient(config, goal, "test")
        )
    table = find_leaks(config, workers=2)
    assert list(table["kind"]) == ["same_head"] * len(plants)
    assert set(table["severity"]) == {"stop"}
