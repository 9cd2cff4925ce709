"""What another hospital's side takes, what it refuses, and what leaves the house."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import SimpleITK as sitk  # noqa: N813 (the library's own convention)
from two_hospitals import (
    AT_D,
    CELL,
    FIRST,
    KEY,
    MARKER,
    anat,
    complaint,
    evaluation,
    gfce,
    pseudonym,
    write_hospitals,
)

from gfce.exchange.reasons import OTHER


@pytest.fixture(scope="module")
def one_model(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One model alone: all are treated alike."""
    path = tmp_path_factory.mktemp("one") / "bundle.zip"
    gfce("bundle", original, "-o", path, "--cells", CELL)
    return path


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files lie."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


CE = "ce-gadolinium_T1w"


def test_scores_and_counts_leave_the_house_and_nothing_else(
    one_model: Path,
    hospital: Path,
    tmp_path: Path,
    temporary: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = anat(hospital, CE)
    broken.write_bytes(broken.read_bytes()[:900])
    rows = tmp_path / "rows"
    gfce(*evaluation(one_model, hospital, rows))
    assert {path.name for path in rows.iterdir()} == {
        *("rows.json", "metrics.csv", "baselines.csv", "patients.csv", "exclusions.csv")
    }
    for path in rows.iterdir():
        text = path.read_text()
        assert MARKER not in text, path.name
        assert str(tmp_path) not in text, path.name
        assert KEY not in text, path.name
        assert not re.search(r"nii|anat|/tmp", text), path.name
    content = json.loads((rows / "rows.json").read_text())
    assert (content["patients"], content["excluded"]) == (2, 1)
    exclusions = (rows / "exclusions.csv").read_text()
    assert exclusions == f"institution,reason,n\nD,{OTHER},1\n"
    patients = pd.read_csv(rows / "patients.csv")
    expected = sorted(pseudonym(patient) for patient in AT_D if patient != FIRST)
    assert list(patients["patient_id"]) == expected
    assert set(patients.columns) == {
        *("patient_id", "institution", "field_strength_t", "slices", "voxel_mm", "tumour")
    }
    said = capsys.readouterr()
    assert said.out == "D: 2 patients scored by 1 models, 1 excluded\n"
    assert f"excluded {FIRST}" in said.err
    assert str(tmp_path) not in said.out + said.err + caplog.text
    assert list(temporary.iterdir()) == []


def test_the_hospital_can_tell_who_is_behind_a_pseudonym(
    one_model: Path, dataset: Path, tmp_path: Path
) -> None:
    gfce(*evaluation(one_model, dataset, tmp_path / "rows"))
    links = pd.read_csv(tmp_path / "key.patients.csv").set_index("participant_id")
    assert {pseudonym(p): p for p in AT_D} == links["patient_id"].to_dict()
    assert (tmp_path / "key.patients.csv").stat().st_mode & 0o077 == 0


def test_a_key_is_made_where_there_is_none(one_model: Path, dataset: Path, tmp_path: Path) -> None:
    key = tmp_path / "secret" / "new"
    arguments = ["--institution", "D", "--key", key, "-o", tmp_path / "rows"]
    gfce("evaluate-bundle", one_model, dataset, *arguments)
    assert key.stat().st_mode & 0o077 == 0
    patients = pd.read_csv(tmp_path / "rows" / "patients.csv")
    assert not set(patients["patient_id"]) & {pseudonym(p) for p in AT_D}


def test_only_the_named_institution_is_read(
    one_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not a patient of an institution that the models were trained on either."""
    write_hospitals(tmp_path / "mixed", AT_D | {f"sub-{MARKER}A1": "A", f"sub-{MARKER}B1": "E"})
    gfce(*evaluation(one_model, tmp_path / "mixed", tmp_path / "rows"))
    scored = pd.read_csv(tmp_path / "rows" / "metrics.csv")
    assert set(scored["patient_id"]) == {pseudonym(patient) for patient in AT_D}
    assert "2 patients of other institutions are not read" in caplog.text
    assert json.loads((tmp_path / "rows" / "rows.json").read_text())["excluded"] == 0


def test_the_label_of_the_tumour_is_the_hospitals(
    one_model: Path, hospital: Path, tmp_path: Path
) -> None:
    def regions(*options: object) -> set[str]:
        rows = tmp_path / f"rows{len(options)}"
        gfce(*evaluation(one_model, hospital, rows, *options))
        sizes = pd.read_csv(rows / "metrics.csv").groupby("region")["n_voxels"].min()
        return set(sizes[sizes < 200].index)

    for path in (hospital / "derivatives" / "masks").rglob("*.nii.gz"):
        image = sitk.ReadImage(str(path))
        array = sitk.GetArrayFromImage(image) * 3
        array[0] = 7
        other = sitk.GetImageFromArray(array)
        other.CopyInformation(image)
        sitk.WriteImage(other, str(path))
    assert regions() == set()
    assert regions("--mask-label", 3) == {"tumour"}


def test_a_dataset_with_names_and_sessions_of_its_own(
    one_model: Path, hospital: Path, sent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `cohort.bids` says of a study's dataset, the hospital says of its own."""
    table = hospital / "participants.tsv"
    table.write_text(table.read_text().replace("\tD", "\tHospital of Doe"))
    again = hospital / FIRST / "anat"
    shutil.copytree(again, hospital / FIRST / "ses-1" / "anat")
    shutil.copytree(again, hospital / FIRST / "ses-2" / "anat")
    for session in ("ses-1", "ses-2"):
        for path in (hospital / FIRST / session / "anat").iterdir():
            path.rename(path.with_name(path.name.replace(FIRST, f"{FIRST}_{session}")))
    shutil.rmtree(again)
    shutil.rmtree(hospital / "derivatives" / "masks" / FIRST, ignore_errors=True)
    choices = tmp_path / "bids.yaml"
    choices.write_text("session: last\ninstitution_names: {Hospital of Doe: D}\n")
    gfce(*evaluation(one_model, hospital, tmp_path / "rows", "--bids", choices))
    found, expected = (pd.read_csv(rows / "metrics.csv") for rows in (tmp_path / "rows", sent))
    expected = expected[expected["model"] == "Tri-Z"]
    volumes = expected[expected["region"] == "volume"].reset_index(drop=True)
    assert found[found["region"] == "volume"].reset_index(drop=True).equals(volumes)
    assert "Doe" not in "".join(path.read_text() for path in (tmp_path / "rows").iterdir())
    choices.write_text("sesion: last")
    line = complaint(capsys, *evaluation(one_model, hospital, tmp_path / "no", "--bids", choices))
    assert "--bids: sesion: unknown key (did you mean session?)" in line
    choices.unlink()
    line = complaint(capsys, *evaluation(one_model, hospital, tmp_path / "no", "--bids", choices))
    assert "--bids: No such file or directory: name a YAML file" in line


def test_places(
    one_model: Path, hospital: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = evaluation(one_model, hospital, hospital / "rows")
    (hospital / "key").unlink()
    assert "one of it and the dataset lies in the other" in complaint(capsys, *inside)
    around = evaluation(one_model, hospital, tmp_path / "rows")
    around[around.index("-o") + 1] = tmp_path / "around"
    (tmp_path / "around").mkdir()
    shutil.move(hospital, tmp_path / "around" / "data")
    around[2] = tmp_path / "around" / "data"
    assert "is not empty: name a new folder" in complaint(capsys, *around)
    shutil.move(tmp_path / "around" / "data", hospital)
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    assert "full: is not empty" in complaint(capsys, *evaluation(one_model, hospital, full))
    keys = evaluation(one_model, hospital, tmp_path / "rows")
    for place in (hospital / "key", tmp_path / "rows" / "key"):
        keys[keys.index("--key") + 1] = place
        assert "key" in complaint(capsys, *keys)
        assert not place.exists()
    assert not (tmp_path / "rows").exists()


@pytest.mark.parametrize(
    ("institution", "expected"),
    [
        ("A", "the study has an institution of that name"),
        ("a", "the study has an institution of that name"),
        ("Overall", "tables mean something else by it"),
        ("external", "tables mean something else by it"),
        ("St. Mary's", "a name has letters (a to z), digits, - and _ only"),
        ("../D", "a name has letters (a to z), digits, - and _ only"),
        ("E", "participants.tsv has nobody of it, but of D"),
    ],
)
def test_names(
    one_model: Path,
    dataset: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    institution: str,
    expected: str,
) -> None:
    arguments = evaluation(one_model, dataset, tmp_path / "rows")
    arguments[arguments.index("D")] = institution
    assert expected in complaint(capsys, *arguments)
    assert not (tmp_path / "rows").exists()


def same_image(data: Path) -> None:
    shutil.copy(anat(data, "T1w"), anat(data, CE))


def nobody_usable(data: Path) -> None:
    for patient in AT_D:
        anat(data, "T2w", patient).unlink()


def no_table(data: Path) -> None:
    (data / "participants.tsv").unlink()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (same_image, f"{FIRST} t1w and {FIRST} ce: are the same"),
        (nobody_usable, "the dataset has no usable patient: see the reasons above"),
        (no_table, "not a BIDS dataset with participants.tsv: check the dataset"),
    ],
)
def test_datasets(
    one_model: Path,
    hospital: Path,
    tmp_path: Path,
    temporary: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path], None],
    expected: str,
) -> None:
    change(hospital)
    line = complaint(capsys, *evaluation(one_model, hospital, tmp_path / "rows"))
    assert expected in line
    assert str(tmp_path) not in line
    assert not (tmp_path / "rows").exists()
    assert list(temporary.iterdir()) == []


def test_no_gpu(
    one_model: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    line = complaint(capsys, *evaluation(one_model, dataset, tmp_path / "rows", "--device", "cuda"))
    assert "--device: this machine has no usable GPU: give --device cpu" in line
