"""Planted leaks are found, each by its own row; a clean cohort has none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cohorts import REPOSITORY, Configure, minimal_config
from scipy import ndimage

from gfce.cohort.importing import import_manifest
from gfce.cohort.index import index
from gfce.cohort.leaks import find_leaks, guard
from gfce.cohort.leaks.contrast import rank_correlation
from gfce.cohort.leaks.likeness import compare
from gfce.cohort.leaks.signatures import signature, voxel_digest
from gfce.cohort.simulating import simulate
from gfce.cohort.tables import LEAKS
from gfce.config import StudyConfig, parse_config
from gfce.errors import UserError
from gfce.images.arrays import Grid
from gfce.images.reading import read_image
from gfce.images.store import MODALITIES
from gfce.images.volumes import to_array, to_image
from gfce.images.writing import write_image
from gfce.study import Results, read_patients

REAL_COHORT = REPOSITORY.parent / "shared" / "real-cohort"
INSTITUTIONS = [f"Institution-{number}" for number in range(1, 5)]


def content(folder: Path) -> dict[str, Any]:
    return minimal_config(
        results=folder / "results",
        cohort={
            "dataset": folder / "data",
            "development": INSTITUTIONS[:3],
            "external": INSTITUTIONS[3:],
        },
        simulation={
            "patients": dict.fromkeys(INSTITUTIONS, 3) | {"Institution-4": 2},
            "coarsening": 4,
            "slices": 14,
        },
    )


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated dataset and its index."""
    folder = tmp_path_factory.mktemp("leaks")
    config = parse_config(content(folder), "test.yaml")
    simulate(config, 2)
    index(config)
    return folder


@pytest.fixture
def study(simulated: Path, tmp_path: Path) -> StudyConfig:
    """A copy of it to plant leaks in."""
    shutil.copytree(simulated, tmp_path, dirs_exist_ok=True)
    return parse_config(content(tmp_path), "test.yaml")


def patient(config: StudyConfig, institution: int, split: str, number: int = 0) -> Any:
    """The row of patients.csv of one patient of an institution and a split."""
    table = read_patients(Results(config))
    of = (table["institution"] == f"Institution-{institution}") & (table["split"] == split)
    return table[of].iloc[number]


def read(config: StudyConfig, row: Any, modality: str) -> tuple[np.ndarray, Grid]:
    image = read_image(config.cohort.dataset / row[modality])
    return to_array(image), Grid.of(image)


def write(config: StudyConfig, row: Any, modality: str, array: np.ndarray, grid: Grid) -> None:
    write_image(to_image(array, grid), config.cohort.dataset / row[modality])


def only_row(config: StudyConfig, **options: Any) -> dict[str, Any]:
    table = find_leaks(config, **options)
    assert len(table) == 1, table.to_string()
    return {str(key): value for key, value in table.iloc[0].items()}


def expected(severity: str, kind: str, one: Any, other: Any = None, **more: Any) -> dict[str, Any]:
    """A row of leaks.csv but for its score."""
    row = dict.fromkeys(LEAKS.names) | {"severity": severity, "kind": kind, "training_sets": ""}
    row |= {"patient_id": one["patient_id"], "institution": one["institution"]}
    if other is not None:
        row |= {"other_patient_id": other["patient_id"]}
        row |= {"other_institution": other["institution"]}
    return row | more


def same(row: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a row is as expected, whatever its score."""
    return all(
        row[name] == wanted[name] or (pd.isna(row[name]) and wanted[name] is None)
        for name in LEAKS.names
        if name != "score"
    )


def test_a_clean_cohort_has_a_header_and_nothing_else(
    study: StudyConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Results(study).root / "cohort" / "leaks.csv"
    guard(study, workers=2)
    first = path.read_bytes()
    assert first.decode() == ",".join(LEAKS.names) + "\n"
    guard(study)
    assert path.read_bytes() == first
    assert capsys.readouterr().err == ""


def add_to_training(config: StudyConfig, name: str, patient_id: str) -> None:
    path = Results(config).training_sets
    path.write_text(f"{path.read_text()}{name},{patient_id}\n")


def test_a_test_patient_in_a_training_set(study: StudyConfig) -> None:
    tested = patient(study, 1, "test")
    add_to_training(study, "uni-Institution-1", tested["patient_id"])
    reason = "uni-Institution-1 trains on a patient whom its models are tested on"
    sets = "uni-Institution-1"
    row = expected("stop", "trained_and_tested", tested, training_sets=sets, reason=reason)
    assert same(only_row(study), row)
    with pytest.raises(UserError) as caught:
        guard(study)
    path = Results(study).root / "cohort" / "leaks.csv"
    assert str(caught.value) == (
        f"{tested['patient_id']}: {reason}: run `gfce index` again (see {path})"
    )
    assert len(pd.read_csv(path)) == 1


def test_patients_whom_a_training_set_must_not_hold(study: StudyConfig) -> None:
    other = patient(study, 2, "test")
    foreign = patient(study, 2, "train")
    own = patient(study, 1, "train")
    for patient_id in (other["patient_id"], foreign["patient_id"], own["patient_id"], "sub-X"):
        add_to_training(study, "uni-Institution-1", patient_id)
    table = find_leaks(study)
    found = dict(zip(table["patient_id"], table["kind"], strict=True))
    assert found == {
        other["patient_id"]: "held_out_trained",
        foreign["patient_id"]: "foreign_institution",
        own["patient_id"]: "trained_twice",
        "sub-X": "unknown_patient",
    }
    severities = dict(zip(table["kind"], table["severity"], strict=True))
    assert [kind for kind, value in severities.items() if value == "warning"] == ["trained_twice"]


def test_a_training_set_without_patients(study: StudyConfig) -> None:
    path = Results(study).training_sets
    table = pd.read_csv(path)
    table[table["training_set"] != "tri"].to_csv(path, index=False)
    assert only_row(study)["kind"] == "empty_training_set"
    with pytest.raises(UserError, match=r"training_sets.csv: tri holds no patient: run"):
        guard(study)


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


def export_again(config: StudyConfig, source: Any, goal: Any, seed: int = 0) -> None:
    """Give one patient the images of another: other noise, gain and gamma, 2 mm away, cropped."""
    generator = np.random.default_rng(seed)
    for modality in MODALITIES:
        array, grid = read(config, source, modality)
        moved = ndimage.shift(array, [0, *(2 / step for step in grid.spacing[:2])], order=1)
        scaled = 700 * (moved / moved.max()) ** 0.8
        noisy = np.abs(scaled + generator.normal(0, 10, array.shape))
        write(config, goal, modality, noisy[1:, 3:, 2:].astype(np.int16), grid)


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


def test_two_acquisitions_are_not_one_image(study: StudyConfig) -> None:
    """Without enhancement and fat suppression a CE volume still has noise of its own."""
    volumes = [read(study, patient(study, 1, "train"), modality)[0] for modality in ("t1w", "ce")]
    assert 0.8 < rank_correlation(*volumes) < 0.975


def test_a_digest_is_of_voxels_not_of_files() -> None:
    array = np.random.default_rng(0).normal(100, 30, (4, 5, 6)).astype(np.float32)
    padded = np.pad(array, 3)
    for other in (padded, array[::-1], array.transpose(2, 0, 1), array.astype(np.float64)):
        assert voxel_digest(other) == voxel_digest(array)
    changed = array.copy()
    changed[0, 0, 0] += 0.01
    assert voxel_digest(changed) != voxel_digest(array)


def test_slices_far_apart_are_not_compared() -> None:
    volumes = [np.random.default_rng(0).random((4, 40, 40)).astype(np.float32)] * 3
    assert signature(volumes, (30.0, 4.0, 4.0)) is None
    assert signature([volume[:, :4] for volume in volumes], (5.0, 4.0, 4.0)) is None


def test_likeness_does_not_depend_on_gain_offset_and_place(study: StudyConfig) -> None:
    one = patient(study, 1, "train")
    volumes = [read(study, one, modality)[0] for modality in MODALITIES]
    spacing = read(study, one, "t1w")[1].spacing[::-1]
    moved = [np.roll(3 * volume + 50, 2, axis=1) for volume in volumes]
    marks = [signature(given, spacing) for given in (volumes, moved)]
    [pair] = compare([mark for mark in marks if mark is not None])
    assert np.diag(pair.correlations).min() > 0.99


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


@pytest.mark.skipif(
    os.environ.get("GFCE_TEST_LONG") != "1", reason="takes minutes: set GFCE_TEST_LONG=1"
)
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
