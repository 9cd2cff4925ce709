"""`gfce synthesize` from and to DICOM."""

# A table is read by its rows.
# ruff: noqa: E501

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dicom_files import (
    AGENT,
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
    voxels,
    write,
    write_enhanced,
)
from dicom_studies import siemens_study
from pydicom.dataset import Dataset
from synthesizing import Copy

from gfce.cli import main
from gfce.dicom.series_folder import read_series_folder
from gfce.evaluation.model_folder import ModelFolder
from gfce.images.reading import read_image
from gfce.images.volumes import same_geometry, to_array
from gfce.images.writing import write_image

WIDE = {"spacing": (9.0, 10.0), "position": (-100.0, -90.0, 30.0)}
TILTED = (0.96, 0.28, 0.0, -0.28, 0.96, 0.0)
Write = Callable[[Series, Path], object]


def multi_frame(series: Series, folder: Path) -> None:
    write_enhanced(series, folder / "XX_0001", philips_frames(600.0, 10.0))


KINDS: dict[str, tuple[dict[str, Any], Place, Write]] = {
    "Siemens": (siemens("t1_tse", **T1), Place(AXIAL, **WIDE), write),
    "oblique": (siemens("t1_tse", **T1), Place(TILTED, **WIDE), write),
    "sagittal": (siemens("t1_tse", **T1), Place(SAGITTAL, (-11.0, -100.0, 90.0), (9.0, 10.0)), write),
    "GE, downwards": (ge("AX T1", **T1), Place(AXIAL, (-100.0, -90.0, 52.0), (9.0, 10.0), -4.4), write),
    "Philips": (philips("T1W_TSE"), Place(AXIAL, **WIDE), multi_frame),
}  # fmt: skip


def write_pair(root: Path, kind: str = "Siemens", factor: int = 1) -> tuple[Path, Path]:
    """T1w and T2w of a patient, in a folder each."""
    elements, place, writer = KINDS[kind]
    folders = root / "t1w", root / "t2w"
    for number, (folder, times) in enumerate(zip(folders, (T1, T2), strict=True), start=1):
        mine = elements if kind == "Philips" else {**elements, **times}
        writer(Series(voxels(number) * factor, mine, place, "DOE-1", number=number), folder)
    return folders


def synthesize(model: Path, root: Path, *more: object, output: str = "out") -> int:
    words = ["synthesize", "--model", model, "--t1w", root / "t1w", "--t2w", root / "t2w"]
    return main([str(word) for word in [*words, "-o", root / output, *more]])


def slices(folder: Path) -> list[Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("factor", [1, 10])
@pytest.mark.parametrize("kind", KINDS)
def test_the_series_is_the_volume_where_it_lies(
    kind: str, factor: int, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelFolder, "generator", lambda self, device: Copy())
    t1w, _ = write_pair(tmp_path, kind, factor)
    assert synthesize(model, tmp_path, output="ce.nii.gz") == 0
    assert synthesize(model, tmp_path, "--dicom-out") == 0
    volume = read_image(tmp_path / "ce.nii.gz")
    found = read_series_folder(tmp_path / "out")
    assert same_geometry(found.image, volume, tolerance_mm=1e-3)
    assert same_geometry(read_series_folder(t1w).image, volume, tolerance_mm=1e-3)
    written = slices(tmp_path / "out")
    # Whole numbers do for intensities in thousands; others are scaled.
    assert ["RescaleSlope" in one for one in written] == [factor == 1] * len(written)
    step = 1.0 if factor > 1 else np.ptp(to_array(volume)) / 32767
    np.testing.assert_allclose(to_array(found.image), to_array(volume), rtol=0, atol=0.51 * step)
    assert [one.InstanceNumber for one in written] == list(range(1, len(written) + 1))
    heights = [np.dot(one.ImagePositionPatient, found_normal(one)) for one in written]
    assert np.all(np.diff(heights) > 0)
    low, high = np.percentile(to_array(volume), (1, 99.5))
    assert written[0].WindowCenter == pytest.approx((low + high) / 2)
    assert written[0].WindowWidth == pytest.approx(high - low)


def found_normal(one: Dataset) -> np.ndarray:
    axes = np.array(one.ImageOrientationPatient, dtype=float).reshape(2, 3)
    return np.cross(axes[0], axes[1])


SAME = ("PatientName", "PatientID", "StudyInstanceUID", "PatientBirthDate", "StudyDate", "StudyTime", "PatientPosition", "FrameOfReferenceUID", "AcquisitionDate", "LossyImageCompression")  # fmt: skip
GONE = ("ContrastBolusAgent", "ContrastBolusIngredient", "MagneticFieldStrength", "FlipAngle", "SequenceName", "DeviceSerialNumber", "OperatorsName", "ProtocolName", "InstitutionName")  # fmt: skip


def test_who_it_is_stays_and_how_it_was_acquired_goes(model: Path, tmp_path: Path) -> None:
    t1w, t2w = write_pair(tmp_path)
    for path in t1w.iterdir():
        change(path, FrameOfReferenceUID="1.2.3.4", LossyImageCompression="01", **AGENT)
        change(path, DeviceSerialNumber="4711", OperatorsName="Roe", ProtocolName="mine")
        change(path, InstitutionName="North", AcquisitionTime="081000")
    assert synthesize(model, tmp_path, "--dicom-out") == 0
    sources = {pydicom.dcmread(path).SOPInstanceUID: path.parent for path in [*t1w.iterdir(), *t2w.iterdir()]}  # fmt: skip
    original = pydicom.dcmread(t1w / "IM0001")
    written = slices(tmp_path / "out")
    for one in written:
        assert all(one[keyword] == original[keyword] for keyword in SAME)
        assert not [keyword for keyword in GONE if keyword in one]
        assert (one.RepetitionTime, one.EchoTime, one.ScanningSequence) == (None, None, "RM")
        assert one.ImageType == ["DERIVED", "SECONDARY", "OTHER", "SYNTHETIC"]
        assert one.SeriesDescription == "synthetic CE, not for diagnosis"
        assert one.DerivationDescription.startswith("Synthetic, not for diagnosis")
        assert "Model Uni-m1; Cell unet/min_max/uni-A/seed-1" in one.DerivationDescription
        assert (one.ContentQualification, one.BurnedInAnnotation) == ("RESEARCH", "NO")
        assert one.SeriesNumber == 1001
        # Its own slice of T1w and of T2w.
        referenced = [item.ReferencedSOPInstanceUID for item in one.SourceImageSequence]
        assert [sources[uid] for uid in referenced] == [t1w, t2w]
        places = [pydicom.dcmread(path).ImagePositionPatient for path in t1w.iterdir() if pydicom.dcmread(path).SOPInstanceUID in referenced]  # fmt: skip
        assert places == [one.ImagePositionPatient]
    assert len({one.SeriesInstanceUID for one in written} - {original.SeriesInstanceUID}) == 1
    assert len({one.SOPInstanceUID for one in written} - set(sources)) == len(written)
    content = json.loads((tmp_path / "out.json").read_text())
    assert content["Model"] == "Uni-m1"
    assert "DOE" not in (tmp_path / "out.json").read_text()


def test_nothing_else_of_the_source_is_copied(model: Path, tmp_path: Path) -> None:
    t1w, _ = write_pair(tmp_path)
    for path in t1w.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.private_block(0x0029, "VENDOR", create=True).add_new(1, "LO", "Xmarker")
        for keyword in ("PatientAddress", "StationName", "RequestingPhysician", "PatientComments"):
            setattr(dataset, keyword, "Xmarker")
        dataset.save_as(path)
    assert synthesize(model, tmp_path, "--dicom-out") == 0
    for path in (tmp_path / "out").iterdir():
        assert b"Xmarker" not in path.read_bytes()


def test_multi_frame_sources_are_named_by_frame(model: Path, tmp_path: Path) -> None:
    write_pair(tmp_path, "Philips")
    assert synthesize(model, tmp_path, "--dicom-out") == 0
    for number, one in enumerate(slices(tmp_path / "out"), start=1):
        assert one.SOPClassUID == pydicom.uid.MRImageStorage
        frames = [item.ReferencedFrameNumber for item in one.SourceImageSequence]
        assert frames == [number, number]
        assert (
            one.SourceImageSequence[0].ReferencedSOPClassUID == pydicom.uid.EnhancedMRImageStorage
        )
        assert one.FrameOfReferenceUID.startswith("2.25.")  # the source has none


def test_the_same_again_has_the_same_bytes_and_another_has_other_uids(
    model: Path, tmp_path: Path
) -> None:
    write_pair(tmp_path)
    for output, more in (("a", ()), ("b", ()), ("c", ("--units", "normalized"))):
        assert synthesize(model, tmp_path, "--dicom-out", *more, output=output) == 0
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    of_a, of_c = (slices(tmp_path / name)[0] for name in "ac")
    assert of_a.SeriesInstanceUID != of_c.SeriesInstanceUID
    assert of_c.WindowWidth < 2
    assert of_c.VOILUTFunction == "LINEAR_EXACT"


NAMES = {
    "ISO_IR 100": "Müller^Jörg",
    "ISO_IR 192": "Σοφία^Å",
    "\\ISO 2022 IR 87": "Yamada^Tarou=山田^太郎",
}


@pytest.mark.parametrize(("charset", "name"), NAMES.items(), ids=["latin", "utf-8", "japanese"])
def test_names_in_any_script(charset: str, name: str, model: Path, tmp_path: Path) -> None:
    t1w, _ = write_pair(tmp_path)
    for path in t1w.iterdir():
        change(path, SpecificCharacterSet=charset.split("\\"), PatientName=name)
    assert synthesize(model, tmp_path, "--dicom-out") == 0
    assert {str(one.PatientName) for one in slices(tmp_path / "out")} == {name}


def test_values_that_the_standard_forbids_are_kept(
    model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    t1w, _ = write_pair(tmp_path)
    for path in t1w.iterdir():
        content = path.read_bytes()
        assert content.count(b"19500101") == 1
        path.write_bytes(content.replace(b"19500101", b"195o-Doe"))
    assert synthesize(model, tmp_path, "--dicom-out") == 0
    assert "Doe" not in "".join(capfd.readouterr())
    assert b"195o-Doe" in (tmp_path / "out" / "00001.dcm").read_bytes()


def test_t2w_may_be_an_image(model: Path, tmp_path: Path) -> None:
    _, t2w = write_pair(tmp_path)
    image = read_series_folder(t2w).image
    shutil.rmtree(t2w)
    write_image(image, tmp_path / "t2.nii.gz")
    words = [
        "synthesize",
        "--model",
        model,
        "--t1w",
        tmp_path / "t1w",
        "--t2w",
        tmp_path / "t2.nii.gz",
    ]
    assert main([str(word) for word in [*words, "-o", tmp_path / "out", "--dicom-out"]]) == 0
    assert {len(one.SourceImageSequence) for one in slices(tmp_path / "out")} == {1}


def test_warnings_are_in_the_files(model: Path, tmp_path: Path) -> None:
    small = Place()
    for number, name in enumerate(("t1w", "t2w"), start=1):
        write(Series(voxels(number), siemens("x"), small, number=number), tmp_path / name)
    assert synthesize(model, tmp_path, "--dicom-out") == 0
    [comments] = {one.ImageComments for one in slices(tmp_path / "out")}
    assert "T1w and T2w: a field of view of 36 x 40 mm is not that of a head" in comments


def test_an_import_leaves_the_synthetic_series(model: Path, tmp_path: Path) -> None:
    siemens_study(tmp_path / "dicom", "DOE-1", "1.2.3", 0)
    tree = tmp_path / "dicom"
    words = ["synthesize", "--model", model, "--t1w", tree / "S2", "--t2w", tree / "S3"]
    assert main([str(word) for word in [*words, "-o", tree / "synthetic", "--dicom-out"]]) == 0
    report = import_all(tmp_path, dry_run=True)
    assert "1 patients: 1 can be imported" in report
    [line] = [line for line in report.splitlines() if "series 1002 " in line]
    assert line.strip().startswith("left: ")


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_files_are_for_whom_the_umask_says(
    mask: int, mode: int, model: Path, tmp_path: Path
) -> None:
    write_pair(tmp_path)
    before = os.umask(mask)
    try:
        assert synthesize(model, tmp_path, "--dicom-out") == 0
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [*(tmp_path / "out").iterdir(), tmp_path / "out.json"]}  # fmt: skip
    assert modes == {mode}


Damage = Callable[[Path], object]
BROKEN: dict[str, tuple[Damage, str, str]] = {
    "no DICOM": (lambda r: [path.unlink() for path in (r / "t1w").iterdir()], "out", "--t1w: no MR image among 0 files"),
    "lost slice": (lambda r: (r / "t2w" / "IM0003").unlink(), "out", "--t2w: its series cannot be used: 1 slices are missing"),
    "two patients": (lambda r: [change(path, PatientID="ROE-2") for path in (r / "t2w").iterdir()], "out", "--t1w, --t2w: have two PatientIDs"),
    "same series": (lambda r: (shutil.rmtree(r / "t2w"), shutil.copytree(r / "t1w", r / "t2w")), "out", "--t1w, --t2w: are the same image"),
    "two series": (lambda r: shutil.copytree(r / "t2w", r / "t1w" / "b"), "out", "--t1w: holds 2 series"),
    "constant": (lambda r: [change(path, PixelData=bytes(960)) for path in (r / "t1w").iterdir()], "out", "--t1w: every voxel is 0"),
    "suffix": (lambda r: None, "out.nii.gz", "--output: ends in .nii.gz: with --dicom-out name a folder"),
    "output there": (lambda r: (r / "out").mkdir(), "out", "--output: exists already"),
    "sidecar there": (lambda r: (r / "out.json").touch(), "out", "--output: a .json of that name exists"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "output", "message"), BROKEN.values(), ids=BROKEN)
def test_mistakes_are_one_line_and_nothing_is_written(
    damage: Damage,
    output: str,
    message: str,
    model: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    write_pair(tmp_path)
    damage(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert synthesize(model, tmp_path, "--dicom-out", output=output) == 1
    [line] = [line for line in capfd.readouterr().err.splitlines() if "error" in line]
    assert line.startswith(f"gfce: error: {message}")
    assert not [name for name in ("DOE", "ROE", str(tmp_path)) if name in line]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_series_needs_a_series(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in write_pair(tmp_path):
        write_image(read_series_folder(name).image, name.with_suffix(".nii.gz"))
    words = [
        "synthesize",
        "--model",
        model,
        "--t1w",
        tmp_path / "t1w.nii.gz",
        "--t2w",
        tmp_path / "t2w.nii.gz",
    ]
    assert main([str(word) for word in [*words, "-o", tmp_path / "out", "--dicom-out"]]) == 1
    assert "--dicom-out: the series takes patient and study from T1w" in capsys.readouterr().err


def test_a_full_disk_leaves_nothing(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    write_pair(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(Dataset, "save_as", full)
    assert synthesize(model, tmp_path, "--dicom-out") == 1
    assert sorted(tmp_path.rglob("*")) == before
