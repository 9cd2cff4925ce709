"""From folders of BraTS to a dataset that `gfce index` accepts."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from brats_folders import NEW, OLD, PLAIN, labels, write_fets, write_folder
from cohorts import Configure, image
from validating import validator_errors

from gfce.brats.importing import import_brats
from gfce.cli import main
from gfce.cohort.index import index
from gfce.cohort.reading import read_dataset
from gfce.errors import UserError
from gfce.images.reading import read_image
from gfce.images.volumes import to_array
from gfce.images.writing import write_image
from gfce.study import Results

FIRST = "FeTS21_Training_001"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fets") / "training"
    write_fets(root, {1: 2, 2: 1})
    return root


@pytest.fixture
def training(written: Path, tmp_path: Path) -> Path:
    shutil.copytree(written, tmp_path / "training")
    return tmp_path / "training"


def run(training: Path, **options: bool | int) -> str:
    data, table = training.parent / "data", training / "partitioning_1.csv"
    return import_brats(training, data, partition=table, **options)  # type: ignore[arg-type]


def test_the_index_accepts_the_dataset(tmp_path: Path, configure: Configure) -> None:
    training = tmp_path / "training"
    write_fets(training, {1: 3, 2: 3, 10: 1})
    report = run(training)
    assert report == (
        "7 patients: 7 can be imported, 0 cannot\n"
        "  Institution-1: 3\n  Institution-2: 3\n  Institution-10: 1\n"
        "7 of them with a tumour mask\n"
        "passed over: 7 FLAIR and 1 other files\n"
    )
    assert (tmp_path / "data" / "code" / "gfce-import.txt").read_text() == report
    development = ["Institution-1", "Institution-2"]
    cohort = {"development": development, "external": ["Institution-10"], "mask_label": 4}
    config = configure(cohort=cohort)
    index(config)
    assert Results(config).patients.read_text().count("\n") == 8
    assert Results(config).exclusions.read_text().count("\n") == 1


def test_the_dataset_is_valid_bids(training: Path) -> None:
    run(training)
    assert validator_errors(training.parent / "data") == []


@pytest.mark.parametrize("ends", [OLD, NEW, PLAIN], ids=["2017", "2023", "plain"])
def test_every_name_is_what_it_says(tmp_path: Path, ends: dict[str, str]) -> None:
    root = tmp_path / "training"
    write_folder(root / "P-1", ends, 1)
    (root / "partitioning_1.csv").write_text("patient,institution\nP-1,North\n")
    assert "passed over: 1 FLAIR and 1 other files" in run(root)
    [patient] = read_dataset(tmp_path / "data")
    assert (patient.patient_id, patient.institution) == ("sub-P1", "North")
    for kind, modality in (("t1", "t1w"), ("t2", "t2w"), ("ce", "ce")):
        begin = "" if ends is PLAIN else "P-1"
        original = read_image(root / "P-1" / f"{begin}{ends[kind]}.nii.gz")
        [copy] = patient.files[modality]
        np.testing.assert_array_equal(to_array(read_image(copy)), to_array(original))
    assert patient.tumour is not None
    assert set(np.unique(to_array(read_image(patient.tumour)))) == {0, 1, 2, 4}


def test_uncompressed_files_and_no_mask(training: Path) -> None:
    for path in (training / FIRST).iterdir():
        path.unlink()
    for number, end in enumerate(("t1", "t2", "t1ce")):
        write_image(image(number), training / FIRST / f"x_{end}.nii")
    (training / FIRST / "._x_t1.nii").write_text("of a Mac")
    assert "2 of them with a tumour mask" in run(training)
    assert read_dataset(training.parent / "data")[0].tumour is None


def test_one_label_of_the_masks(training: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(training, label=2)
    for patient in read_dataset(training.parent / "data"):
        assert patient.tumour is not None
        mask = to_array(read_image(patient.tumour))
        np.testing.assert_array_equal(mask, to_array(labels(0, 2)) == 2)
    shutil.rmtree(training.parent / "data")
    write_image(labels(1, 2), training / FIRST / f"{FIRST}_seg.nii.gz")
    with pytest.raises(UserError, match=r"^FeTS21_Training_001: .*_seg.nii.gz: has no voxel"):
        run(training, label=4)
    assert not (training.parent / "data").exists()
    report = run(training, label=4, leave_out=True)
    assert "3 patients: 2 can be imported, 1 cannot" in report
    assert f"  {FIRST}: {FIRST}_seg.nii.gz: has no voxel of label 4" in report
    assert f"\ngfce: left out {FIRST}: {FIRST}_seg.nii.gz" in capsys.readouterr().err


def _remove(folder: Path) -> None:
    (folder / f"{folder.name}_t2.nii.gz").unlink()


def _double(folder: Path) -> None:
    write_image(image(0), folder / f"{folder.name}-t1c.nii.gz")


def _double_mask(folder: Path) -> None:
    write_image(labels(1), folder / "other_seg.nii.gz")


def _empty(folder: Path) -> None:
    (folder / f"{folder.name}_t1.nii.gz").write_bytes(b"")


def _rename(folder: Path) -> None:
    folder.rename(folder.with_name("FeTS21_Training_999"))


PROBLEMS = [
    (_remove, f"{FIRST}: T2w is missing: no file is named _t2, -t2w or t2.nii.gz"),
    (_double, f"{FIRST}: CE is there twice ({FIRST}-t1c.nii.gz and {FIRST}_t1ce.nii.gz): keep one"),
    (_double_mask, f"{FIRST}: tumour mask is there twice ({FIRST}_seg.nii.gz and other_seg.nii.gz"),
    (_empty, f"{FIRST}: t1w: {FIRST}/{FIRST}_t1.nii.gz: is empty: export it again"),
]


@pytest.mark.parametrize(("change", "message"), PROBLEMS)
def test_a_patient_who_cannot_be_imported(
    training: Path, capsys: pytest.CaptureFixture[str], change: object, message: str
) -> None:
    assert callable(change)
    change(training / FIRST)
    before = sorted(training.parent.iterdir())
    with pytest.raises(UserError) as caught:
        run(training)
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith(": see --dry-run, or give --leave-out")
    assert message.split(" (and")[0] in run(training, dry_run=True)
    assert sorted(training.parent.iterdir()) == before
    report = run(training, leave_out=True)
    assert message.split(" (and")[0] in report
    assert f"gfce: left out {message.split(' (and')[0]}" in capsys.readouterr().err
    assert len(read_dataset(training.parent / "data")) == 2
    assert len([*(training.parent / "data").glob("sub-*")]) == 2


def test_all_patients_who_cannot_be_imported_are_named(
    training: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _rename(training / FIRST)
    with pytest.raises(UserError) as caught:
        run(training)
    assert str(caught.value) == (
        "2 patients cannot be imported (they are named above): see --dry-run, or give --leave-out"
    )
    lines = [
        f"{FIRST}: has no folder: add it, or remove the row of the institution table",
        f"{FIRST[:-3]}999: is not in the institution table: add a row, or remove the folder",
    ]
    assert capsys.readouterr().err.splitlines() == [f"gfce: cannot import {x}" for x in lines]
    report = run(training, leave_out=True)
    assert all(line in report for line in lines)


def test_one_scan_of_each_patient(tmp_path: Path) -> None:
    """A second time point would put a patient into training and test under two names."""
    root, rows = tmp_path / "training", ["patient,institution"]
    for name in ("BraTS-GLI-00005-000", "BraTS-GLI-00005-001", "BraTS-GLI-00006-001"):
        write_folder(root / name, NEW, len(rows), last=3)
        rows.append(f"{name},1")
    (root / "partitioning_1.csv").write_text("\n".join(rows) + "\n")
    message = "BraTS-GLI-00005-001: is of the same patient as BraTS-GLI-00005-000: keep one folder"
    with pytest.raises(UserError, match=message):
        run(root)
    assert message in run(root, leave_out=True)
    names = [patient.patient_id for patient in read_dataset(tmp_path / "data")]
    assert names == ["sub-BraTSGLI00005000", "sub-BraTSGLI00006001"]


def test_a_folder_that_the_table_lacks(training: Path) -> None:
    (training / FIRST).rename(training / "FeTS21_Training_999")
    report = run(training, dry_run=True)
    assert "4 patients: 2 can be imported, 2 cannot" in report
    assert "FeTS21_Training_999: is not in the institution table: add a row" in report


def test_a_broken_image_leaves_no_dataset(training: Path) -> None:
    with (training / FIRST / f"{FIRST}_t1.nii.gz").open("r+b") as file:
        file.truncate(300)
    with pytest.raises(UserError, match=r"^FeTS.*: FeTS21_Training_001_t1.nii.gz: is cut short"):
        run(training)
    kept = training.parent / ".data.gfce-import"
    assert sorted(training.parent.iterdir()) == [kept, training]
    report = run(training, leave_out=True)
    assert f"  {FIRST}: {FIRST}_t1.nii.gz: is cut short: copy or export it again\n" in report
    assert sorted(training.parent.iterdir()) == [training.parent / "data", training]


def test_nobody_is_left(training: Path) -> None:
    table = training / "partitioning_1.csv"
    table.write_text(table.read_text().replace("FeTS21_", "FeTS2022_"))
    with pytest.raises(UserError, match="no patient can be imported: see --dry-run"):
        run(training, leave_out=True)
    assert not (training.parent / "data").exists()


def test_a_dataset_is_never_overwritten(training: Path) -> None:
    run(training)
    with pytest.raises(UserError, match="data: is not empty: name a new folder"):
        run(training)


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("gone", "gone: No such file or directory: name the folder that holds"),
        ("training/partitioning_1.csv", "partitioning_1.csv: Not a directory: name the folder"),
        (f"training/{FIRST}", f"{FIRST}: holds no folder: name the one with a folder for each"),
    ],
)
def test_a_folder_that_is_none(training: Path, folder: str, message: str) -> None:
    table, data = training / "partitioning_1.csv", training.parent / "data"
    with pytest.raises(UserError) as caught:
        import_brats(training.parent / folder, data, partition=table)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--institution-table: a BraTS folder needs it"),
        (["--institution-table", "x", "--key", "y"], "--key: is of DICOM trees: leave it out"),
        (["--institution-table", "x", "--study", "first"], "--study: is of DICOM trees: leave"),
        (["--dicom"], "--brats: a folder is of BraTS or a DICOM tree"),
        (["--institution-table", "gone.csv"], "gone.csv: no such file"),
    ],
)
def test_options(
    training: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    data = str(training.parent / "data")
    assert main(["import", str(training), "--brats", "-o", data, *options]) == 1
    assert f"gfce: error: {message}" in capsys.readouterr().err
