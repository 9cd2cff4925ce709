"""Voxels and their places after import are those of the arrays that were written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import (
    AGENT,
    CORONAL,
    GDCM,
    SAGITTAL,
    T1,
    T2,
    Place,
    Series,
    change,
    images_of,
    import_all,
    philips,
    philips_frames,
    siemens,
    usage,
    voxels,
    write,
    write_enhanced,
)
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from gfce.dicom.headers import read_header
from gfce.dicom.stacks import Stack, find_problem
from gfce.errors import UserError
from gfce.images.volumes import Image, to_array

OBLIQUE = (0.98480775, 0.17364818, 0.0, -0.16317591, 0.92541658, -0.34202014)
SINGLE_FRAME = [
    *(ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless),
    *(DeflatedExplicitVRLittleEndian, *GDCM),
]
RULES = """
contrast: {no_agent: [], words_before: [], words_after: []}
fat_suppression: {scan_options: [], image_type: [], words: [], inversion_time_ms: [0, 1]}
leave: []
t1w: [{name: a, words_any: [t1]}]
t2w: [{name: b, words_any: [t2]}]
ce: [{name: c, words_any: [ce]}]
"""
"""Rules that look at nothing but the name: whatever the orientation."""


def three_series(place: Place, syntax: UID = ExplicitVRLittleEndian) -> dict[str, Series]:
    kinds = {
        "t1w": siemens("t1", **T1),
        "t2w": siemens("t2", **T2),
        "ce": siemens("ce", **T1, **AGENT),
    }
    return {
        modality: Series(voxels(number), elements, place, number=number, syntax=syntax)
        for number, (modality, elements) in enumerate(kinds.items(), start=1)
    }


def write_three(
    folder: Path, place: Place, syntax: UID = ExplicitVRLittleEndian
) -> dict[str, Series]:
    series = three_series(place, syntax)
    for modality, one in series.items():
        write(one, folder / "dicom" / modality)
    (folder / "rules.yaml").write_text(RULES)
    return series


def assert_same_voxels(image: Image, series: Series) -> None:
    """Every voxel of the array lies where its files say, and nothing else is in the image."""
    array = to_array(image)
    assert array.size == series.array.size
    for index in np.ndindex(*series.array.shape):
        point = series.place.of_voxel(*index)
        x, y, z = image.TransformPhysicalPointToContinuousIndex(point.tolist())
        nearest = (round(z), round(y), round(x))
        assert np.abs(np.array((z, y, x)) - nearest).max() < 0.02
        assert array[nearest] == series.array[index]


@pytest.mark.parametrize(
    "place",
    [
        Place(),
        Place(distance=-4.4),
        Place(orientation=SAGITTAL),
        Place(orientation=CORONAL, distance=-3.0),
        Place(orientation=OBLIQUE),
        Place(orientation=OBLIQUE, distance=-4.4),
        # Feet first, face down: columns and rows run the other way in the patient.
        Place(orientation=(-1.0, 0.0, 0.0, 0.0, -1.0, 0.0)),
        Place(orientation=(-1.0, 0.0, 0.0, 0.0, 1.0, 0.0), distance=-2.0),
    ],
    ids=["axial", "down", "sagittal", "coronal", "oblique", "oblique-down", "prone", "mirrored"],
)
def test_voxels_keep_their_places(tmp_path: Path, place: Place) -> None:
    series = write_three(tmp_path, place)
    import_all(tmp_path, rules=tmp_path / "rules.yaml")
    images = images_of(tmp_path)
    for modality, one in series.items():
        assert_same_voxels(images[modality], one)


def test_the_left_stays_left(tmp_path: Path) -> None:
    """A bright spot on the patient's left (x > 0 in LPS) is there in the image, by its arrays."""
    array = voxels(1)
    array[:] = 10
    array[:, :, 15:] = 300  # columns run to the left, from x = -15 mm, 2 mm each
    for number, elements in enumerate((siemens("t1"), siemens("t2"), siemens("ce")), start=1):
        write(Series(array, elements, number=number), tmp_path / "dicom" / str(number))
    (tmp_path / "rules.yaml").write_text(RULES)
    import_all(tmp_path, rules=tmp_path / "rules.yaml")
    image = images_of(tmp_path)["t1w"]
    bright = np.argwhere(to_array(image) == 300)
    points = [image.TransformIndexToPhysicalPoint(index[::-1].tolist()) for index in bright]
    assert min(point[0] for point in points) == pytest.approx(15.0)


@pytest.mark.parametrize("syntax", SINGLE_FRAME, ids=lambda syntax: syntax.keyword)
def test_transfer_syntaxes(tmp_path: Path, syntax: UID) -> None:
    series = write_three(tmp_path, Place(), syntax)
    import_all(tmp_path, rules=tmp_path / "rules.yaml")
    images = images_of(tmp_path)
    for modality, one in series.items():
        assert_same_voxels(images[modality], one)


@pytest.mark.parametrize("preamble", [True, False])
def test_a_file_without_preamble(tmp_path: Path, preamble: bool) -> None:
    series = write_three(tmp_path, Place(), ImplicitVRLittleEndian)
    for path in (tmp_path / "dicom").rglob("IM*"):
        content = path.read_bytes()
        # The dataset alone, or with its meta information.
        start = content.index(b"\x08\0\x16\0") if not preamble else 132
        path.write_bytes(content[start:])
    import_all(tmp_path, rules=tmp_path / "rules.yaml")
    assert_same_voxels(images_of(tmp_path)["ce"], series["ce"])


@pytest.mark.parametrize("place", [Place(), Place(orientation=SAGITTAL, distance=-3.3)])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless])
def test_multi_frame_files(tmp_path: Path, place: Place, syntax: UID) -> None:
    series = three_series(place, syntax)
    for modality, one in series.items():
        contrast = usage("YES", "POST_CONTRAST") if modality == "ce" else {}
        frames = {**philips_frames(600, 10), **contrast}
        elements = philips({"t1w": "t1", "t2w": "t2", "ce": "ce"}[modality])
        write_enhanced(replace(one, elements=elements), tmp_path / "dicom" / modality, frames)
    (tmp_path / "rules.yaml").write_text(RULES)
    import_all(tmp_path, rules=tmp_path / "rules.yaml")
    images = images_of(tmp_path)
    for modality, one in series.items():
        assert_same_voxels(images[modality], one)


@pytest.mark.parametrize(
    ("manufacturer", "slopes"),
    [("SIEMENS", [2.5] * 6), ("Philips", [2.5] * 6), ("Philips", [2.0, 2.5, 3.0, 3.5, 4.0, 4.5])],
)
def test_rescaled_intensities(tmp_path: Path, manufacturer: str, slopes: list[float]) -> None:
    """Intensities are those that other programs show: RescaleSlope counts, no private scale."""
    series = write_three(tmp_path, Place())
    paths = sorted((tmp_path / "dicom" / "t1w").iterdir())
    for path, slope in zip(paths, slopes, strict=True):
        change(path, RescaleSlope=slope, RescaleIntercept=3.0, Manufacturer=manufacturer)
        dataset = pydicom.dcmread(path)
        block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
        block.add_new(0x0E, "FL", 0.01)
        dataset.save_as(path)
    import_all(tmp_path, rules=tmp_path / "rules.yaml")
    expected = series["t1w"].array * np.array(slopes)[:, None, None] + 3.0
    np.testing.assert_allclose(to_array(images_of(tmp_path)["t1w"]), expected, rtol=1e-5)


def test_slopes_that_dcm2niix_does_not_apply_are_noticed(tmp_path: Path) -> None:
    write_three(tmp_path, Place())
    for number, path in enumerate(sorted((tmp_path / "dicom" / "t1w").iterdir())):
        change(path, RescaleSlope=2.0 + number, RescaleIntercept=3.0)
    with pytest.raises(UserError, match="dcm2niix gives other voxels than its files hold"):
        import_all(tmp_path, rules=tmp_path / "rules.yaml")
    assert not (tmp_path / "data").exists()


def test_a_wrong_volume_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever dcm2niix does: turned slices, changed voxels and other places are noticed."""
    from gfce.dicom import converting

    paths = write(three_series(Place())["t1w"], tmp_path / "dicom")
    headers = tuple(read_header(path) for path in paths)
    stack = Stack(headers, "1", "1", find_problem(headers))
    assert stack.problem is None
    image = converting.convert(stack, tmp_path)
    for wrong in (image[:, :, ::-1], image[:, ::-1], image[::-1], image[:, :, 1:], image + 1):
        wrong.CopyInformation(image) if wrong.GetSize() == image.GetSize() else None
        monkeypatch.setattr(converting, "read_image", lambda _, wrong=wrong: wrong)
        with pytest.raises(UserError, match="dcm2niix"):
            converting.convert(stack, tmp_path)
