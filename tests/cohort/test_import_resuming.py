"""An import that was stopped, or whose manifest was mended, goes on where it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cohorts import image

from gfce.cli import main
from gfce.cohort import conversions, rows
from gfce.cohort.importing import import_manifest
from gfce.cohort.reading import read_dataset
from gfce.errors import UserError
from gfce.files import sha256
from gfce.images.reading import read_image
from gfce.images.volumes import to_array
from gfce.images.writing import write_image

HEADER = "patient,institution,t1w,t2w,ce,tumour_mask\n"
NAMES = ("A", "B", "C", "D")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Four patients, one after the other."""
    lines = []
    for number, name in enumerate(NAMES):
        for kind, modality in enumerate(("t1", "t2", "ce")):
            write_image(image(3 * number + kind), tmp_path / f"{name}_{modality}.nii.gz")
        write_image(image(number) > 300, tmp_path / f"{name}_mask.nii.gz")
        files = ",".join(f"{name}_{end}.nii.gz" for end in ("t1", "t2", "ce", "mask"))
        lines.append(f"{name},North,{files}\n")
    path = tmp_path / "manifest.csv"
    path.write_text(HEADER + "".join(lines))
    return path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the images that are read, in order."""
    names: list[str] = []

    def reading(path: Path) -> object:
        names.append(path.name.removesuffix(".nii.gz"))
        return read_image(path)

    monkeypatch.setattr(rows, "read_image", reading)
    return names


def cut(path: Path) -> bytes:
    content = path.read_bytes()
    path.write_bytes(content[:300])
    return content


def contents(dataset: Path) -> dict[str, str]:
    return {
        path.relative_to(dataset).as_posix(): sha256(path)
        for path in dataset.rglob("*")
        if path.is_file()
    }


def patients(names: list[str]) -> set[str]:
    return {name[0] for name in names}


def test_what_is_converted_is_not_converted_again(
    manifest: Path, tmp_path: Path, read: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, hidden = tmp_path / "bids", tmp_path / ".bids.gfce-import"
    whole = cut(tmp_path / "C_t2.nii.gz")
    with pytest.raises(UserError, match=r"^sub-C: C_t2.nii.gz: is cut short"):
        import_manifest(manifest, dataset)
    assert not dataset.exists()
    assert patients(read) == set(NAMES)  # also those behind the broken one
    said = "gfce: 3 patients are converted and kept for the next try, in .bids.gfce-import\n"
    assert capsys.readouterr().err == said
    assert hidden.stat().st_mode & 0o077 == 0
    read.clear()
    (tmp_path / "C_t2.nii.gz").write_bytes(whole)
    import_manifest(manifest, dataset)
    assert patients(read) == {"C"}
    assert not hidden.exists()
    resumed = contents(dataset)
    shutil.rmtree(dataset)
    import_manifest(manifest, dataset)
    assert contents(dataset) == resumed
    assert len(read_dataset(dataset)) == 4


def another_image(manifest: Path) -> None:
    write_image(image(99), manifest.parent / "A_t2.nii.gz")


def another_mask(manifest: Path) -> None:
    write_image(image(0) > 250, manifest.parent / "A_mask.nii.gz")


def another_institution(manifest: Path) -> None:
    manifest.write_text(manifest.read_text().replace("A,North", "A,South"))


def another_name(manifest: Path) -> None:
    manifest.write_text(manifest.read_text().replace("A,North", "AA,North"))


def no_mask(manifest: Path) -> None:
    manifest.write_text(manifest.read_text().replace("A_mask.nii.gz", ""))


def another_file(manifest: Path) -> None:
    shutil.copy(manifest.parent / "A_ce.nii.gz", manifest.parent / "A_other.nii.gz")
    manifest.write_text(manifest.read_text().replace("A_ce.nii.gz", "A_other.nii.gz"))


@pytest.mark.parametrize(
    "change",
    [another_image, another_mask, another_institution, another_name, no_mask, another_file],
)
def test_a_row_that_changed_is_converted_again(
    manifest: Path, tmp_path: Path, read: list[str], change: Callable[[Path], None]
) -> None:
    whole = cut(tmp_path / "C_t2.nii.gz")
    with pytest.raises(UserError):
        import_manifest(manifest, tmp_path / "bids")
    (tmp_path / "C_t2.nii.gz").write_bytes(whole)
    change(manifest)
    read.clear()
    import_manifest(manifest, tmp_path / "bids")
    assert patients(read) == {"A", "C"}
    again = contents(tmp_path / "bids")
    import_manifest(manifest, tmp_path / "new")
    fresh = contents(tmp_path / "new")
    assert again.keys() == fresh.keys()
    differing = {name for name in fresh if fresh[name] != again[name]}
    assert differing <= {"README", "dataset_description.json"}  # which name the dataset


def test_options_and_code_are_of_what_was_converted(
    manifest: Path, tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = cut(tmp_path / "C_t2.nii.gz")
    for label in (None, 1):
        read.clear()
        with pytest.raises(UserError):
            import_manifest(manifest, tmp_path / "bids", label)
        assert patients(read) == set(NAMES)
    monkeypatch.setattr(conversions, "_code", lambda: "edited")
    read.clear()
    with pytest.raises(UserError):
        import_manifest(manifest, tmp_path / "bids", 1)
    assert patients(read) == set(NAMES)
    (tmp_path / "C_t2.nii.gz").write_bytes(whole)
    read.clear()
    import_manifest(manifest, tmp_path / "bids", 1)
    assert patients(read) == {"C"}


def test_a_row_that_is_gone_is_in_no_dataset(manifest: Path, tmp_path: Path) -> None:
    whole = cut(tmp_path / "C_t2.nii.gz")
    with pytest.raises(UserError):
        import_manifest(manifest, tmp_path / "bids")
    lines = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join(line for line in lines if not line.startswith("B,")))
    with pytest.raises(UserError):
        import_manifest(manifest, tmp_path / "bids")
    kept = [path.name[:6] for path in (tmp_path / ".bids.gfce-import").iterdir()]
    assert sorted(kept) == ["sub-A-", "sub-D-"]
    (tmp_path / "C_t2.nii.gz").write_bytes(whole)
    import_manifest(manifest, tmp_path / "bids")
    assert [patient.patient_id for patient in read_dataset(tmp_path / "bids")] == [
        *("sub-A", "sub-C", "sub-D")
    ]
    assert not list((tmp_path / "bids").rglob("*sub-B*"))


def test_an_import_that_is_killed_loses_one_patient_at_most(
    manifest: Path, tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = conversions.write_patient

    def stopped(root: Path, patient: object) -> None:
        writing(root, patient)  # type: ignore[arg-type]
        if "sub-C" in str(patient):
            raise KeyboardInterrupt

    monkeypatch.setattr(conversions, "write_patient", stopped)
    with pytest.raises(KeyboardInterrupt):
        import_manifest(manifest, tmp_path / "bids")
    (tmp_path / ".bids.gfce-import" / ".convert-left").mkdir()
    (tmp_path / ".bids.gfce-import" / ".DS_Store").touch()
    monkeypatch.setattr(conversions, "write_patient", writing)
    read.clear()
    import_manifest(manifest, tmp_path / "bids")
    assert patients(read) == {"C", "D"}
    assert not list(tmp_path.glob(".*"))
    assert len(read_dataset(tmp_path / "bids")) == 4


def test_a_file_system_without_links(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object) -> None:
        raise OSError

    import_manifest(manifest, tmp_path / "linked")
    monkeypatch.setattr(os, "link", no_link)
    import_manifest(manifest, tmp_path / "bids")
    linked, copied = contents(tmp_path / "linked"), contents(tmp_path / "bids")
    assert linked.keys() == copied.keys()
    assert all(path.stat().st_nlink == 1 for path in tmp_path.rglob("*.nii.gz"))


def test_two_imports_of_one_dataset(manifest: Path, tmp_path: Path) -> None:
    work = conversions.Conversions(tmp_path / "bids")
    with work.alone([]), pytest.raises(UserError, match="another gfce import writes this dataset"):
        import_manifest(manifest, tmp_path / "bids")
    import_manifest(manifest, tmp_path / "bids")


WRONG = HEADER + (
    "A,North,A_t1.nii.gz,gone.nii.gz,A_ce.nii.gz,\n"
    "B,North,B_t1.nii.gz\n"
    "C,North,C_t1.nii.gz,C_t2.nii.gz,C_ce.nii.gz,\n"
    ",North,C_t1.nii.gz,C_t2.nii.gz,C_ce.nii.gz,\n"
    "D,North,D_t1.nii.gz,,,\n"
    "D,South,,D_t2.nii.gz,,\n"
    "c,North,,,,\n"
    "E,North,header.nii,,,\n"
)
REASONS = [
    "manifest.csv: patient D is there twice: keep one row",
    "manifest.csv: row 3 has 3 cells and the header 6: correct the row",
    "manifest.csv: row 5 has no patient: add it",
    "patient c: gives no BIDS id of its own: rename the patient",
    "sub-A: t2w: gone.nii.gz: no such file: correct the path",
    "sub-E: t1w: header.nii: is cut short: copy or export it again",
]


@pytest.fixture
def wrong(manifest: Path, tmp_path: Path) -> Path:
    manifest.write_text(WRONG)
    (tmp_path / "header.nii").write_bytes(b"no header")
    return manifest


def test_all_that_is_wrong_is_said_before_a_voxel_is_read(
    wrong: Path, tmp_path: Path, read: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.iterdir())
    assert main(["import", str(wrong), "-o", str(tmp_path / "bids")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[:-1] == [f"gfce: cannot import {reason}" for reason in REASONS]
    assert lines[-1] == "gfce: error: 6 patients cannot be imported (they are named above)"
    assert read == []
    assert sorted(tmp_path.iterdir()) == before


def test_a_dry_run_is_the_report_alone(
    wrong: Path, tmp_path: Path, read: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.iterdir())
    command = ["import", str(wrong), "-o", str(tmp_path / "bids")]
    assert main([*command, "--dry-run"]) == 0
    answer = capsys.readouterr()
    assert answer.out.splitlines() == [
        "7 patients: 1 can be imported, 6 cannot",
        "  North: 1",
        "0 of them with a tumour mask",
        "cannot be imported:",
        *(f"  {reason}" for reason in REASONS),
    ]
    assert answer.err == ""
    assert read == []
    assert sorted(tmp_path.iterdir()) == before
    assert main([*command, "--leave-out"]) == 0
    left = capsys.readouterr()
    assert left.out == answer.out
    assert left.err.splitlines() == [f"gfce: left out {reason}" for reason in REASONS]
    assert (tmp_path / "bids" / "code" / "gfce-import.txt").read_text() == answer.out
    assert [patient.patient_id for patient in read_dataset(tmp_path / "bids")] == ["sub-C"]


def test_a_file_of_voxels_that_changes_beside_its_header(tmp_path: Path, read: list[str]) -> None:
    import SimpleITK as sitk  # noqa: N813

    for name, number in (("t1", 0), ("other", 9)):
        sitk.WriteImage(image(number), str(tmp_path / f"{name}.mhd"))
    write_image(image(1), tmp_path / "B_t1.nii.gz")
    cut(tmp_path / "B_t1.nii.gz")
    path = tmp_path / "manifest.csv"
    path.write_text("patient,institution,t1w,t2w,ce\nA,N,t1.mhd,,\nB,N,B_t1.nii.gz,,\n")
    with pytest.raises(UserError):
        import_manifest(path, tmp_path / "bids")
    (tmp_path / "t1.raw").write_bytes((tmp_path / "other.raw").read_bytes())
    write_image(image(1), tmp_path / "B_t1.nii.gz")
    import_manifest(path, tmp_path / "bids")
    [t1w] = read_dataset(tmp_path / "bids")[0].files["t1w"]
    assert (to_array(read_image(t1w)) == to_array(image(9))).all()
