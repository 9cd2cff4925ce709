"""A folder with one DICOM series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dicom_files import T1, Series, change, philips, philips_frames, siemens, voxels, write
from dicom_files import write_enhanced as write_multi_frame
from pydicom.uid import RLELossless

from gfce.dicom.series_folder import read_series_folder
from gfce.errors import UserError
from gfce.images.volumes import to_array

SERIES = Series(voxels(1), siemens("t1_tse_tra", **T1))


def test_it_gives_the_voxels_and_the_header(tmp_path: Path) -> None:
    [first, *_] = write(replace(SERIES, syntax=RLELossless), tmp_path / "a" / "b")
    (tmp_path / "Thumbs.db").write_bytes(b"nothing")
    (tmp_path / "copy.dcm").write_bytes(first.read_bytes())
    found = read_series_folder(tmp_path)
    assert np.array_equal(to_array(found.image), SERIES.array)
    assert found.stack.first.acquisition.repetition_time_ms == T1["RepetitionTime"]
    assert len(found.stack.frames) == len(SERIES.array)


def test_a_multi_frame_file_leaves_nothing_behind(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    series = Series(voxels(2), philips("T1W_TSE"))
    write_multi_frame(series, tmp_path / "in" / "XX_0001", philips_frames(600, 10))
    found = read_series_folder(tmp_path / "in", scratch)
    assert np.array_equal(to_array(found.image), series.array)
    assert not list(scratch.iterdir())


def second(folder: Path, **changes: object) -> None:
    write(replace(SERIES, **changes), folder, "second{:02d}")  # type: ignore[arg-type]


MISTAKES: dict[str, tuple[Callable[[Path], object], str]] = {
    "none": (lambda f: [path.unlink() for path in f.iterdir()], "no MR image among 0 files"),
    "two series": (lambda f: second(f, number=2), "holds 2 series: name the folder of one"),
    "two patients": (lambda f: second(f, patient="DOE-2"), "holds images of 2 patients"),
    "lost slice": (lambda f: (f / "IM0003").unlink(), "its series cannot be used: 1 slices are"),
    "last slice broken": (
        lambda f: (f / "IM0006").write_bytes((f / "IM0006").read_bytes()[:140]),
        "1 of its 6 files may be slices that would be lost: broken DICOM",
    ),
    "echo": (lambda f: change(f / "IM0002", EchoTime=80.0), "its series holds 2 volumes"),
    "no identity": (
        lambda f: change(f / "IM0001", PatientID=""),
        "1 of its 6 files may be slices that would be lost: MR images without PatientID",
    ),
}


@pytest.mark.parametrize(("damage", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_folder_that_is_not_one_volume(
    damage: Callable[[Path], object], message: str, tmp_path: Path
) -> None:
    folder = tmp_path / "Doe"
    write(SERIES, folder)
    damage(folder)
    with pytest.raises(UserError, match=message) as error:
        read_series_folder(folder)
    assert "Doe" not in str(error.value)
    assert "DOE" not in str(error.value)
    assert str(tmp_path) not in str(error.value)
