"""Trees as they come: broken files, copies, missing slices, several volumes in one series."""

# A table is read by its rows.

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import (
    AXIAL,
    SAGITTAL,
    T1,
    T2,
    Place,
    Series,
    change,
    ge,
    import_all,
    philips,
    philips_frames,
    siemens,
    usage,
    voxels,
    write,
    write_enhanced,
)
from dicom_studies import siemens_study
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from gfce.dicom.files import BROKEN, NO_IDENTITY, NOT_DICOM, OTHER_OBJECT, UNREADABLE, Unusable
from gfce.dicom.headers import read_header
from gfce.dicom.stacks import find_problem
from gfce.errors import UserError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    return tmp_path / "dicom"


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


def without(path: Path, *keywords: str) -> None:
    dataset = pydicom.dcmread(path)
    for keyword in keywords:
        delattr(dataset, keyword)
    dataset.save_as(path)


def test_files_that_give_no_image_are_counted(tree: Path) -> None:
    (tree / "notes.txt").write_text("Doe")
    (tree / "empty").touch()
    (tree / "page.pdf").write_bytes(b"%PDF" + bytes(500))
    (tree / "broken.dcm").write_bytes(bytes(128) + b"DICM" + b"\x02\0\0\0UL\x04\0" + bytes(3))
    os.mkfifo(tree / "pipe")
    (tree / "gone").symlink_to(tree / "nowhere")
    one = next((tree / "S1").iterdir())
    shutil.copy(one, tree / "report.dcm")
    change(tree / "report.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11")
    shutil.copy(one, tree / "nobody.dcm")
    change(tree / "nobody.dcm", PatientID="")
    report = import_all(tree.parent, dry_run=True)
    assert "38 files: 30 with MR images" in report
    for count, reason in (
        (3, NOT_DICOM),
        (1, BROKEN),
        (1, OTHER_OBJECT),
        (2, UNREADABLE),
        (1, NO_IDENTITY),
    ):
        assert f"  {count} {reason}\n" in report
    assert "note: 1 broken files lie beside" not in report  # no series lies in that folder
    cut(one, 0.15)
    assert "note: 1 broken files lie beside its files: slices may be missing" in import_all(
        tree.parent, dry_run=True
    )


def test_a_folder_without_images(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the folder to import is none"):
        import_all(tmp_path)
    (tmp_path / "dicom").mkdir()
    with pytest.raises(UserError, match="no MR image among 0 files"):
        import_all(tmp_path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("syntax", ["plain", "rle", "enhanced", "deflated"])
def test_files_that_are_cut_short(tmp_path: Path, share: float, syntax: str) -> None:
    """Wherever a file is cut it is no whole image: broken, or its series is unusable."""
    series = Series(voxels(1), siemens("t1", **T1))
    if syntax == "enhanced":
        path = write_enhanced(
            replace(series, elements=philips("t1")), tmp_path / "x", philips_frames(600, 10)
        )
    else:
        kinds = {"rle": RLELossless, "deflated": DeflatedExplicitVRLittleEndian}
        path = write(replace(series, syntax=kinds.get(syntax, series.syntax)), tmp_path)[0]
    assert read_header(path).whole
    cut(path, share)
    try:
        header = read_header(path)
    except Unusable as reason:
        assert str(reason) in (BROKEN, NO_IDENTITY, OTHER_OBJECT, NOT_DICOM)
    else:
        assert not header.whole
        assert "cut short" in str(find_problem([header]))


def test_no_cut_of_a_file_is_whole(tmp_path: Path) -> None:
    path = write(Series(voxels(1), siemens("t1", **T1)), tmp_path)[0]
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        try:
            header = read_header(path)
        except Unusable:
            continue
        assert not header.whole, length


def test_copies_are_taken_once(tree: Path) -> None:
    shutil.copytree(tree / "S2", tree / "again" / "S2")
    report = import_all(tree.parent)
    assert "6 copies of one of these (same SOP Instance UID), not taken twice" in report
    assert "1 can be imported" in report


def test_a_whole_copy_counts_before_one_that_is_cut(tree: Path) -> None:
    shutil.copytree(tree / "S2", tree / "again" / "S2")
    for path in (tree / "S2").iterdir():
        cut(path, 0.9)
    assert "1 can be imported" in import_all(tree.parent, dry_run=True)


@pytest.mark.parametrize("what", ["pixels", "position", "patient"])
def test_copies_that_differ_are_no_copies(tree: Path, what: str) -> None:
    copy = tree / "S2" / "copy"
    shutil.copy(tree / "S2" / "00003.IMA", copy)
    dataset = pydicom.dcmread(copy)
    if what == "pixels":
        dataset.PixelData = bytes(len(dataset.PixelData))
    elif what == "position":
        dataset.ImagePositionPatient = [0, 0, 0]
    else:
        dataset.PatientID = "P2"
    dataset.save_as(copy)
    report = import_all(tree.parent, dry_run=True)
    assert "have the SOP Instance UID of another, different file" in report
    assert "can be imported" not in report.replace("0 can be imported", "")


def spoil(folder: Path, what: str) -> None:
    paths = sorted(folder.iterdir())
    elements = {
        "matrix": {"Rows": 20},
        "pixel-size": {"PixelSpacing": [1.6, 2.0]},
        "orientation": {"ImageOrientationPatient": list(SAGITTAL)},
        "colour": {"PhotometricInterpretation": "MONOCHROME1"},
        "annotated": {"BurnedInAnnotation": "YES"},
        "aside": {"ImagePositionPatient": [-10.0, -18.0, 30 + 2 * 4.4]},
        "uneven": {"ImagePositionPatient": [-15.0, -18.0, 30 + 2.3 * 4.4]},
    }
    if what in elements:
        change(paths[2], **elements[what])
    elif what == "gap":
        paths[2].unlink()
    elif what == "two-gaps":
        paths[1].unlink()
        paths[4].unlink()
    elif what == "every-second":
        for path in paths[1::2]:
            path.unlink()
    elif what == "place":
        without(paths[2], "ImagePositionPatient")
    elif what == "cut":
        cut(paths[5], 0.9)
    elif what == "repetition":
        for number, path in enumerate(paths):
            shutil.copy(path, folder / f"again{number}")
            change(folder / f"again{number}", SOPInstanceUID=f"1.2.99.{number}")


SPOILED = [
    ("gap", "1 slices are missing (usual distance 4.4 mm)"),
    ("two-gaps", "2 slices are missing (usual distance 4.4 mm)"),
    ("every-second", "its slices are 8.8 mm apart, but by its header 4.4 mm"),
    ("uneven", "its slices are 3.08 to 5.72 mm apart"),
    ("aside", "its slices lie up to 5 mm aside of one another"),
    ("matrix", "images of several matrices (20 x 20, 24 x 20)"),
    ("pixel-size", "images of several pixel sizes"),
    ("orientation", "images of several orientations"),
    ("place", "1 of its 6 images do not say where they lie"),
    ("colour", "its images are in colour or inverted"),
    ("annotated", "text is burned into its images, which may name the patient"),
    ("cut", "1 of its 6 files are cut short: copy or export them again"),
    ("repetition", "12 images at 6 positions (echoes, phases or repetitions)"),
]


@pytest.mark.parametrize(("what", "problem"), SPOILED, ids=[row[0] for row in SPOILED])
def test_a_series_that_is_no_volume(tree: Path, what: str, problem: str) -> None:
    spoil(tree / "S2", what)
    with pytest.raises(UserError) as raised:
        import_all(tree.parent)
    assert "no T1w series" in str(raised.value)
    if what not in ("two-gaps", "every-second"):  # these leave so few slices that a rule says it
        assert f"is unusable: {problem}" in str(raised.value)
    assert not (tree.parent / "data").exists()
    headers = [read_header(path) for path in sorted((tree / "S2").iterdir())]
    assert find_problem(headers) == problem


def test_the_images_that_a_header_speaks_of(tmp_path: Path) -> None:
    """GE says how many images there are: a lost last slice leaves no gap."""
    paths = write(Series(voxels(1), ge("AX T1", **T1)), tmp_path)
    headers = [read_header(path) for path in paths]
    assert find_problem(headers) is None
    assert find_problem(headers[:-1]) == "5 images of 6 that its header speaks of"


def test_a_gap_that_some_scanners_write_as_spacing(tmp_path: Path) -> None:
    paths = write(Series(voxels(1), siemens("t1", **T1)), tmp_path)
    for path in paths:
        change(path, SpacingBetweenSlices=0.4)
    assert find_problem([read_header(path) for path in paths]) is None


def test_rounded_positions_are_no_gaps(tmp_path: Path) -> None:
    place = Place(orientation=(0.9998477, 0.0, 0.0174524, 0.0, 1.0, 0.0), distance=3.3)
    paths = write(Series(voxels(1, 30), siemens("t1", **T1), place), tmp_path)
    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.ImagePositionPatient = [round(float(x), 2) for x in dataset.ImagePositionPatient]
        dataset.save_as(path)
    assert find_problem([read_header(path) for path in paths]) is None


def test_echoes_of_one_series_are_told_apart(tree: Path) -> None:
    """A dual echo of proton density and T2: the second is T2w."""
    for number, path in enumerate(sorted((tree / "S3").iterdir())):
        shutil.copy(path, tree / "S3" / f"pd{number}")
        change(tree / "S3" / f"pd{number}", EchoTime=12.0, SOPInstanceUID=f"1.2.99.{number}")
    report = import_all(tree.parent)
    assert "1 can be imported" in report
    assert "T2w: series 3 part" in report


def test_a_multi_frame_file_of_several_volumes(tmp_path: Path) -> None:
    array = np.concatenate([voxels(1), voxels(2)])
    path = write_enhanced(
        Series(array, philips("dyn")),
        tmp_path / "x",
        {**philips_frames(600, 10), **usage("YES", "DYNAMIC")},
    )
    dataset = pydicom.dcmread(path)
    for number, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        frame.PlanePositionSequence[0].ImagePositionPatient = Place().of_slice(number % 6)
    dataset.save_as(path)
    assert (
        find_problem([read_header(path)])
        == "12 images at 6 positions (echoes, phases or repetitions)"
    )


def test_a_multi_frame_file_whose_order_is_not_that_of_space(tmp_path: Path) -> None:
    """Order and dimension index contradict the positions: what dcm2niix makes of it is refused."""
    frames = {"t1": usage("NO", "PRE_CONTRAST"), "t2": {}, "t1 gd": usage("YES", "POST_CONTRAST")}
    for number, (name, contrast) in enumerate(frames.items(), start=1):
        te, tr = (90, 4000) if name == "t2" else (10, 600)
        path = write_enhanced(
            Series(voxels(number), philips(name), number=number),
            tmp_path / "dicom" / name,
            {**philips_frames(tr, te), **contrast},
        )
    dataset = pydicom.dcmread(path)
    order = [3, 0, 5, 1, 4, 2]
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    dataset.PixelData = dataset.pixel_array[order].tobytes()
    dataset.PerFrameFunctionalGroupsSequence = [groups[place] for place in order]
    for number, group in enumerate(dataset.PerFrameFunctionalGroupsSequence, start=1):
        group.FrameContentSequence[0].DimensionIndexValues = [1, number]
        group.FrameContentSequence[0].InStackPositionNumber = number
    dataset.save_as(path)
    with pytest.raises(UserError, match="dcm2niix puts it at another place than its files"):
        import_all(tmp_path)


def test_elements_that_are_no_numbers(tree: Path) -> None:
    """Text where a number belongs is as an absent value, and is not repeated."""
    for path in (tree / "S2").iterdir():
        content = path.read_bytes()
        assert content.count(b"600.0 ") + content.count(b"600.0") > 0
        path.write_bytes(content.replace(b"600.0", b"Doe^J", 1))
    report = import_all(tree.parent, dry_run=True)
    assert "Doe" not in report
    assert "left: series 2" in report


def test_people_who_share_an_id(tree: Path) -> None:
    for path in (tree / "S3").iterdir():
        change(path, PatientBirthDate="19620202")
    with pytest.raises(
        UserError, match="one PatientID with 2 birth dates: these are several people"
    ):
        import_all(tree.parent)


def test_orientation_constants() -> None:
    """The fixtures' own geometry: the normal of axial slices points up."""
    assert Place(AXIAL).normal.tolist() == [0, 0, 1]
    assert Place(SAGITTAL).normal.tolist() == [-1, 0, 0]
    assert T2["EchoTime"] > T1["EchoTime"]
