"""`gfce import MANIFEST` where cells are folders with a DICOM series."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from cohorts import Configure
from dicom_files import (
    AGENT,
    T1,
    T2,
    Series,
    change,
    philips,
    philips_frames,
    siemens,
    voxels,
    write,
)
from dicom_files import write_enhanced as write_multi_frame
from test_dicom_privacy import MARKER, UID_MARKER, contents, plant
from validating import validator_errors

from gfce.cohort.importing import import_manifest
from gfce.cohort.index import index
from gfce.cohort.reading import read_dataset
from gfce.errors import UserError
from gfce.images.reading import read_image
from gfce.images.volumes import to_array
from gfce.images.writing import write_image
from gfce.study import Results

HEADER = "patient,institution,t1w,t2w,ce\n"


def write_patient(root: Path, name: str, seed: int) -> None:
    """T1w and CE of one file a slice, T2w of many frames."""
    for kind, series in {
        "t1": Series(voxels(seed), siemens("t1_tse_tra", **T1)),
        "ce": Series(voxels(seed + 2), siemens("t1_tse_tra_fs", **T1, **AGENT), number=3),
    }.items():
        write(replace(series, patient=f"ID-{name}"), root / name / kind)
    t2 = Series(voxels(seed + 1), philips("T2W_TSE"), number=2, patient=f"ID-{name}")
    write_multi_frame(t2, root / name / "t2" / "XX_0001", philips_frames(4200, 90))


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    rows = []
    for number, name in enumerate(("A1", "A2", "B1", "B2")):
        write_patient(tmp_path / "in", name, 10 * number)
        rows.append(f"{name},{name[0]},in/{name}/t1,in/{name}/t2,in/{name}/ce\n")
    path = tmp_path / "manifest.csv"
    path.write_text(HEADER + "".join(rows))
    return path


def test_series_become_volumes_that_a_study_takes(
    manifest: Path, tmp_path: Path, configure: Configure
) -> None:
    import_manifest(manifest, tmp_path / "data")
    assert validator_errors(tmp_path / "data") == []
    patient = read_dataset(tmp_path / "data")[1]
    for modality, seed in (("t1w", 10), ("t2w", 11), ("ce", 12)):
        [path] = patient.files[modality]
        assert (to_array(read_image(path)) == voxels(seed)).all()
    assert patient.field_strength_t == 1.5
    config = configure(
        cohort={
            "dataset": str(tmp_path / "data"),
            "development": ["A"],
            "external": ["B"],
            "training_patients": 1,
        }
    )
    index(config)
    assert Results(config).patients.read_text().count("\n") == 5


def test_of_a_header_the_allowed_fields_are_kept(manifest: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "in").rglob("*"):
        if path.is_file():
            plant(path)
    import_manifest(manifest, tmp_path / "data")
    written = b"".join(data for _, data in contents(tmp_path / "data"))
    for marker in (MARKER, UID_MARKER, "ID-A1", str(tmp_path)):
        assert marker.encode() not in written
    ce = tmp_path / "data" / "sub-A1" / "anat" / "sub-A1_ce-gadolinium_T1w.json"
    sidecar = json.loads(ce.read_text())
    assert sidecar["InstitutionName"] == "A"
    assert sidecar["ContrastBolusIngredient"] == "GADOLINIUM"
    assert sidecar["RepetitionTime"] == 0.6


def test_a_file_beside_series_has_their_axes(
    manifest: Path, tmp_path: Path, configure: Configure
) -> None:
    """`gfce index` compares grids voxel by voxel."""
    import_manifest(manifest, tmp_path / "first")
    [t2w] = read_dataset(tmp_path / "first")[0].files["t2w"]
    turned = sitk.DICOMOrient(read_image(t2w), "RAS")
    write_image(turned, tmp_path / "in" / "t2.nii.gz")
    write_image(turned > 300, tmp_path / "in" / "mask.nii.gz")
    lines = manifest.read_text().replace("ce\n", "ce,tumour_mask\n", 1).splitlines()
    lines[1] = lines[1].replace("in/A1/t2", "in/t2.nii.gz") + ",in/mask.nii.gz"
    lines[2:] = [f"{line}," for line in lines[2:]]
    manifest.write_text("\n".join(lines) + "\n")
    import_manifest(manifest, tmp_path / "data")
    patient = read_dataset(tmp_path / "data")[0]
    again = read_image(patient.files["t2w"][0])
    assert (to_array(again) == voxels(1)).all()
    assert again.GetDirection() == tuple(np.eye(3).ravel())
    cohort = {"development": ["A"], "external": ["B"], "training_patients": 1}
    config = configure(cohort={"dataset": str(tmp_path / "data"), **cohort})
    index(config)
    assert Results(config).exclusions.read_text().count("\n") == 1


def a_second_series(folder: Path) -> None:
    write(Series(voxels(5), siemens("loc", **T2), number=9, patient="ID-A1"), folder / "b", "x{}")


def no_dicom(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "notes.txt").write_text("nothing")


def another_patients(folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(folder.parents[1] / "B1" / "t1", folder)


def iron(folder: Path) -> None:
    for path in folder.iterdir():
        change(path, ContrastBolusAgent="Feraheme", ContrastBolusIngredient="IRON")


MISTAKES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "several": ("t1", a_second_series, "t1w: in/A1/t1: holds 2 series: name the folder of one"),
    "slice": (
        "ce",
        lambda folder: (folder / "IM0003").unlink(),
        "ce: in/A1/ce: its series cannot be used: 1 slices are missing (usual distance 4.4 mm)",
    ),
    "none": ("t2", no_dicom, "t2w: in/A1/t2: no MR image among 1 files (not DICOM: 1; broken"),
    "gone": ("t2", shutil.rmtree, "t2w: in/A1/t2: no such file: correct the path"),
    "patients": ("t1", another_patients, "its DICOM folders are of 2 patients: correct the"),
}


@pytest.mark.parametrize(("kind", "change_folder", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_folder_that_is_no_series_is_one_line(
    manifest: Path,
    tmp_path: Path,
    kind: str,
    change_folder: Callable[[Path], object],
    message: str,
) -> None:
    change_folder(tmp_path / "in" / "A1" / kind)
    with pytest.raises(UserError) as caught:
        import_manifest(manifest, tmp_path / "data")
    assert str(caught.value).startswith(f"sub-A1: {message}")
    assert "\n" not in str(caught.value)
    assert str(caught.value)[8:] in import_manifest(manifest, tmp_path / "data", dry_run=True)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "in", manifest]


def test_ce_of_another_agent_is_refused(manifest: Path, tmp_path: Path) -> None:
    iron(tmp_path / "in" / "A1" / "ce")
    with pytest.raises(UserError) as caught:
        import_manifest(manifest, tmp_path / "data")
    assert str(caught.value) == (
        "sub-A1: ce: in/A1/ce: its files name a contrast agent without gadolinium: correct the path"
    )


def test_one_person_under_two_names(manifest: Path, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "in" / "A1", tmp_path / "in" / "later")
    row = "A3,A,in/later/t1,in/later/t2,in/later/ce\n"
    manifest.write_text(manifest.read_text() + row)
    with pytest.raises(UserError) as caught:
        import_manifest(manifest, tmp_path / "data")
    assert str(caught.value) == (
        "sub-A3: its DICOM files have the PatientID of sub-A1: keep one row"
    )
    manifest.write_text(manifest.read_text().replace("A3,A,", "A3,B,"))
    import_manifest(manifest, tmp_path / "data")  # another institution's ids are other people's


def test_a_series_that_is_converted_is_not_converted_again(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gfce.dicom import series_folder

    folders: list[str] = []
    convert = series_folder.convert

    def counting(stack: series_folder.Stack, scratch: Path) -> object:
        folders.append(stack.first.path.parts[-3])
        return convert(stack, scratch)

    monkeypatch.setattr(series_folder, "convert", counting)
    iron(tmp_path / "in" / "B2" / "ce")
    with pytest.raises(UserError):
        import_manifest(manifest, tmp_path / "data")
    iron(tmp_path / "in" / "A1" / "t1")  # other files
    folders.clear()
    import_manifest(manifest, tmp_path / "data", leave_out=True)
    assert set(folders) == {"A1", "B2"}
    assert [p.patient_id for p in read_dataset(tmp_path / "data")] == ["sub-A1", "sub-A2", "sub-B1"]
    assert not list(tmp_path.glob(".*"))
