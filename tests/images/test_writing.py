"""Written images are whole, clean and the same bytes as SimpleITK's."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from broken_files import GEOMETRY, whole

from gfce.images.reading import read_image
from gfce.images.volumes import to_image
from gfce.images.writing import SINGLE_FILES, write_image

NOISE = np.random.default_rng(0).normal(0, 100, (4, 30, 20)).astype(np.float32)
IMAGE = to_image(NOISE, GEOMETRY)
NOT_WHOLE = "could not be written whole: is the disk full?"


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """No file can grow beyond this; SimpleITK then goes on as if nothing were wrong."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("kind", SINGLE_FILES)
def test_bytes_are_those_of_simpleitk(kind: str, tmp_path: Path) -> None:
    write_image(IMAGE, tmp_path / "new" / f"a{kind}")
    expected = whole(tmp_path / f"a{kind}", NOISE)
    assert (tmp_path / "new" / f"a{kind}").read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("kind", SINGLE_FILES)
@pytest.mark.parametrize("size", [0, 100, 352, 4000])
def test_a_full_disk_is_noticed(kind: str, size: int, tmp_path: Path) -> None:
    with small_disk(size), pytest.raises(OSError, match=NOT_WHOLE) as caught:
        write_image(IMAGE, tmp_path / f"a{kind}")
    assert caught.value.filename == str(tmp_path / f"a{kind}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", [1, 8, 12])
def test_the_last_bytes_are_missed(missing: int, tmp_path: Path) -> None:
    size = whole(tmp_path / "whole.nii.gz", NOISE).stat().st_size
    with small_disk(size - missing), pytest.raises(OSError, match=NOT_WHOLE):
        write_image(IMAGE, tmp_path / "a.nii.gz")


def test_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    write_image(IMAGE, path)
    before = path.read_bytes()
    with small_disk(1000), pytest.raises(OSError, match=NOT_WHOLE):
        write_image(IMAGE * 2, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", SINGLE_FILES)
def test_no_text_goes_with_an_image(kind: str, tmp_path: Path) -> None:
    image = sitk.Image(IMAGE)
    for key in ("descrip", "aux_file", "intent_name", "db_name", "ITK_FileNotes", "PatientName"):
        image.SetMetaData(key, "JaneDoe")
    write_image(image, tmp_path / f"a{kind}")
    write_image(IMAGE, tmp_path / f"b{kind}")
    assert (tmp_path / f"a{kind}").read_bytes() == (tmp_path / f"b{kind}").read_bytes()
    assert image.GetMetaData("PatientName") == "JaneDoe"  # the caller's image is as it was


@pytest.mark.parametrize("name", ["a.mhd", "a.nhdr", "a.hdr", "a.img", "a.png", "a"])
def test_other_formats_are_not_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^a.*: images are written as .nii, .nii.gz, .mha, .nrrd"):
        write_image(IMAGE, tmp_path / name)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_image(IMAGE, tmp_path / "a.nii.gz")
    image = read_image(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(image), NOISE)
