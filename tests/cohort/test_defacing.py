"""`gfce import --deface`: a program's idea of a face is removed from all volumes of a patient."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from brats_folders import write_fets
from cohorts import image
from dicom_studies import siemens_study
from validating import validator_errors

from gfce.cli import main
from gfce.cohort.conversions import REPORT
from gfce.cohort.defacing import face_region
from gfce.cohort.reading import read_dataset
from gfce.errors import UserError
from gfce.images.arrays import Geometry
from gfce.images.reading import read_image
from gfce.images.volumes import Image, orient, resample, to_array, to_image
from gfce.images.writing import write_image

HEADER = "patient,institution,t1w,t2w,ce,tumour_mask\n"
FRONT = 6
"""Rows that the program blanks."""
SECRET = "Xmarker"
PROGRAM = f"""
import shutil, sys
from pathlib import Path
import SimpleITK as sitk

*how, given, made = sys.argv[1:]
how = how[0] if how else "front"
print("{SECRET} out")
print("{SECRET} err", file=sys.stderr)
Path("left.txt").write_text("beside the images")
if how == "fails":
    sys.exit(3)
image = sitk.ReadImage(given)
image.GetSize() or sys.exit(4)
rows = dict(front={FRONT}, none=0, all=20).get(how, {FRONT})
blank = image[:, :rows, :] * 0 if rows else None
image = sitk.Paste(image, blank, blank.GetSize(), [0] * 3, [0] * 3) if rows else image
if how == "shifts":
    image.SetOrigin([x + 1 for x in image.GetOrigin()])
if how == "scales":
    image = image * 1.0001
if how == "cuts":
    Path(made).write_bytes(Path(given).read_bytes()[:300])
elif how != "writes-nothing":
    sitk.WriteImage(image, made)
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    """The command of a program that blanks the front; a word behind it makes it do otherwise."""
    path = tmp_path / "programs" / SECRET / "blank.py"
    path.parent.mkdir(parents=True)
    path.write_text(PROGRAM)
    return f"{sys.executable} '{path}'"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Two patients; the second's T2w and mask lie on grids of their own."""
    lines = []
    for number, name in enumerate(("A", "B")):
        images = {kind: image(3 * number + k) for k, kind in enumerate(("t1", "t2", "ce"))}
        images["mask"] = box(slice(10, 14))
        if name == "B":
            images["t2"] = sitk.DICOMOrient(resample(images["t2"], (10, 12, 6)), "RAS")
            images["mask"] = sitk.DICOMOrient(images["mask"], "LAS")
        for kind, content in images.items():
            write_image(content, tmp_path / f"{name}_{kind}.nii.gz")
        lines.append(f"{name},North," + ",".join(f"{name}_{k}.nii.gz" for k in images) + "\n")
    path = tmp_path / "manifest.csv"
    path.write_text(HEADER + "".join(lines))
    return path


def box(rows: slice) -> Image:
    array = np.zeros((3, 24, 20), np.uint8)
    array[1, rows, 8:12] = 1
    return to_image(array, Geometry.of(image(0)))


def run(manifest: Path, program: str, *more: str) -> int:
    words = ["import", str(manifest), "-o", str(manifest.parent / "data"), "--deface", program]
    return main([*words, *more])


def written(manifest: Path, number: int) -> dict[str, np.ndarray]:
    files = read_dataset(manifest.parent / "data")[number].files
    return {name: to_array(orient(read_image(path))) for name, [path] in files.items()}


def read(manifest: Path, name: str) -> np.ndarray:
    return to_array(orient(read_image(manifest.parent / f"{name}.nii.gz")))


def test_the_front_is_removed_from_all_volumes_and_nothing_else(
    manifest: Path, program: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(manifest, program) == 0
    for number, name in enumerate(("A", "B")):
        made = written(manifest, number)
        for modality, kind in (("t1w", "t1"), ("t2w", "t2"), ("ce", "ce")):
            before, after = read(manifest, f"{name}_{kind}"), made[modality]
            front = FRONT * len(before[0]) // 24
            assert (after[:, :front] == before.min()).all()
            around = front + 8  # mm of air, on this side of the plane
            assert (after[:, around:] == before[:, around:]).all()
            middle = slice(len(before[0, 0]) // 3, -len(before[0, 0]) // 3)
            assert (after[:, front:, middle] == before[:, front:, middle]).all()
    assert validator_errors(manifest.parent / "data") == []
    said = capfd.readouterr()
    line = f"faces removed from T1w by `{Path(sys.executable).name} blank.py`, in the same place"
    assert line in said.out
    report = (manifest.parent / "data" / REPORT).read_text()
    assert report == said.out
    sidecars = list((manifest.parent / "data").glob("sub-*/anat/*.json"))
    assert len(sidecars) == 6
    for sidecar in sidecars:
        [method] = json.loads(sidecar.read_text())["DeidentificationMethod"]
        assert method.startswith(line)
    assert SECRET not in report + said.out + said.err
    assert str(manifest.parent) not in report
    names = [path.name for path in manifest.parent.rglob("*")]
    assert "left.txt" not in names
    assert not [name for name in names if name.startswith(".")]


def test_without_the_option_nothing_is_changed_or_said(manifest: Path) -> None:
    assert main(["import", str(manifest), "-o", str(manifest.parent / "data")]) == 0
    assert (written(manifest, 0)["t1w"] == read(manifest, "A_t1")).all()
    assert "face" not in (manifest.parent / "data" / REPORT).read_text()
    sidecar = next((manifest.parent / "data").glob("sub-*/anat/*.json"))
    assert "DeidentificationMethod" not in sidecar.read_text()


def test_no_outline_is_left_where_air_was_blank_before(manifest: Path, program: str) -> None:
    """Air of exactly 0 in T1w is not changed by the program; T2w's air has noise."""
    t1w = read_image(manifest.parent / "A_t1.nii.gz")
    write_image(
        sitk.Mask(t1w, t1w > 100),
        manifest.parent / "A_t1.nii.gz",
    )
    assert run(manifest, program) == 0
    assert np.ptp(written(manifest, 0)["t2w"][:, :FRONT]) == 0


def test_a_hole_in_the_changed_voxels_is_closed() -> None:
    t1w = image(0)
    changed = np.zeros((3, 24, 20), bool)
    changed[:, :FRONT] = True
    changed[1, 3:5, 9:11] = False
    assert face_region(changed, t1w)[:, :FRONT].all()


def test_a_shell_around_the_head_does_not_remove_the_head() -> None:
    """It is filled, as a hole is; then all of the head would be removed."""
    head, shell = np.zeros((2, 31, 48, 40), bool)
    head[3:-3, 3:-3, 3:-3] = shell[3:-3, 3:-3, 3:-3] = True
    shell[5:-5, 5:-5, 5:-5] = False
    assert shell.sum() < 0.4 * head.sum()
    t1w = to_image(300 * head.astype(np.float32), Geometry((2.0, 2.0, 2.0), (0.0, 0.0, 0.0)))
    with pytest.raises(UserError, match=r"^100% of the head was removed, more than 40%"):
        face_region(shell, t1w)


FAILURES = {
    "fails": "blank.py fails failed (status 3): run it by hand to see why",
    "writes-nothing": "blank.py writes-nothing wrote no output.nii.gz: run it by hand",
    "shifts": "blank.py shifts wrote an image on another grid than T1w's: correct that",
    "none": "nothing of the head was removed: leave --deface out, or the patient",
    "all": "of the head was removed, more than 40%: run it by hand and look at it, or leave",
    "cuts": "output.nii.gz: is cut short",
}


@pytest.mark.parametrize("how", FAILURES)
def test_a_program_that_does_not_remove_a_face_is_one_line(
    manifest: Path, program: str, how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:2]))
    assert run(manifest, f"{program} {how}") == 1
    said = capfd.readouterr()
    [line] = said.err.splitlines()
    assert line.startswith("gfce: error: sub-A: --deface: ")
    assert FAILURES[how] in line
    assert SECRET not in said.out + said.err
    assert {p.name for p in manifest.parent.iterdir() if p.is_dir()} == {"programs"}


def test_other_numbers_of_the_same_image_are_no_face(manifest: Path, program: str) -> None:
    assert run(manifest, f"{program} scales") == 0
    made, before = written(manifest, 0)["t1w"], read(manifest, "A_t1")
    assert (made[:, FRONT + 8 :] == before[:, FRONT + 8 :]).all()


@pytest.mark.parametrize("name", ["A", "B"])
def test_a_tumour_in_the_region_is_refused(
    manifest: Path, program: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    turned = box(slice(FRONT - 1, FRONT + 9))
    write_image(sitk.DICOMOrient(turned, "LAS"), manifest.parent / f"{name}_mask.nii.gz")
    assert run(manifest, program) == 1
    line = f"sub-{name}: --deface: 10% of the tumour would be removed: import the patient without"
    assert line in capsys.readouterr().err
    assert run(manifest, program, "--leave-out") == 0
    [patient] = read_dataset(manifest.parent / "data")
    assert patient.patient_id == {"A": "sub-B", "B": "sub-A"}[name]


def test_a_patient_without_t1w_is_refused(
    manifest: Path, program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest.write_text(manifest.read_text().replace("A_t1.nii.gz", ""))
    assert run(manifest, program) == 1
    assert "sub-A: --deface: there is no T1w to find the face on" in capsys.readouterr().err


def test_what_another_program_made_is_not_taken(
    manifest: Path, program: str, tmp_path: Path
) -> None:
    """A first try fails at B; its A is taken only with the same program."""
    log = tmp_path / "calls"
    script = tmp_path / "programs" / SECRET / "blank.py"
    counting = f"open({str(log)!r}, 'a').write('x')\n"
    script.write_text(counting + PROGRAM)
    t1w = tmp_path / "B_t1.nii.gz"
    whole = t1w.read_bytes()
    t1w.write_bytes(whole[:300])
    assert main(["import", str(manifest), "-o", str(tmp_path / "data")]) == 1  # with faces
    assert run(manifest, program) == 1
    assert log.read_text() == "x"
    assert run(manifest, program) == 1
    assert log.read_text() == "x"
    script.write_text(counting + PROGRAM + "# other\n")
    assert run(manifest, program) == 1
    assert log.read_text() == "xx"
    t1w.write_bytes(whole)
    assert run(manifest, program) == 0
    assert log.read_text() == "xxx"
    assert (written(manifest, 0)["t1w"][:, :FRONT] == read(manifest, "A_t1").min()).all()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "--deface: no such program: install it, or give its path"),
        ("/nowhere/Xmarker/blank", "--deface: no such program: install it, or give its path"),
        ("blank 'x", "--deface: has an open quote: close it"),
    ],
)
def test_a_program_that_is_none(
    manifest: Path, command: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(manifest, command, "--dry-run") == 1
    assert capsys.readouterr().err == f"gfce: error: {message}\n"


def test_a_script_beside_the_manifest(
    manifest: Path, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs run in another folder than the one that they were named in."""
    script = tmp_path / "deface.sh"
    script.write_text(f'#!/bin/sh\nexec {program} front "$1" "$2"\n')
    monkeypatch.chdir(tmp_path)
    assert run(manifest, "./deface.sh", "--dry-run") == 1  # may not be run
    script.chmod(0o700)
    assert run(manifest, "./deface.sh") == 0
    assert (written(manifest, 0)["ce"][:, :FRONT] == read(manifest, "A_ce").min()).all()
    assert "`deface.sh`" in (tmp_path / "data" / REPORT).read_text()


def test_options_lose_their_folders(manifest: Path, program: str) -> None:
    assert run(manifest, f"{program} --mask=/home/{SECRET}/m.nii") == 0
    report = (manifest.parent / "data" / REPORT).read_text()
    assert "blank.py --mask=m.nii`" in report
    assert SECRET not in report


def test_brats_and_dicom_go_the_same_way(tmp_path: Path, program: str) -> None:
    table = write_fets(tmp_path / "training", {1: 1})
    words = ["import", str(table.parent), "--brats", "--institution-table", str(table)]
    assert main([*words, "-o", str(tmp_path / "brats"), "--deface", program]) == 0
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    words = ["import", str(tmp_path / "dicom"), "--dicom", "--institution", "name=North"]
    words += ["--key", str(tmp_path / "private" / "key"), "-o", str(tmp_path / "north")]
    assert main([*words, "--deface", program]) == 0
    for dataset in ("brats", "north"):
        [patient] = read_dataset(tmp_path / dataset)
        for [path] in patient.files.values():
            assert np.ptp(to_array(read_image(path))[:, :FRONT]) == 0


def test_a_region_of_air_alone_is_no_face() -> None:
    changed = np.zeros((3, 24, 20), bool)
    changed[:, :1] = True
    with pytest.raises(UserError, match="nothing of the head was removed"):
        face_region(changed, image(0))
