"""What is read and what is refused: each case with its whole message."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from broken_files import GEOMETRY, VOXELS, nifti, whole
from reading_cases import CASES, READ, Make, bomb, endless

from gfce.errors import UserError
from gfce.images.reading import read_image
from gfce.images.volumes import orient, same_geometry, to_array, to_image


@pytest.mark.parametrize(
    ("name", "make", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_is_refused(
    name: str, make: Make, message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError) as caught:
        read_image(make(tmp_path / name))
    assert str(caught.value) == f"{Path(name).name}: {message}"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "make"), [case[1:] for case in READ], ids=[case[0] for case in READ]
)
def test_what_is_read(name: str, make: Make, tmp_path: Path) -> None:
    image = read_image(make(tmp_path / name))
    assert image.GetSpacing() == (2.0, 1.5, 4.0)
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(image), VOXELS)


@pytest.mark.parametrize("kind", ["nii", "nii.gz", "mha", "nrrd", "img"])
@pytest.mark.parametrize("axes", ["LPS", "RAS", "PSR", "ASL", "SRP"])
@pytest.mark.parametrize("tilt", [0.0, 0.3])
def test_any_orientation_is_read(kind: str, axes: str, tilt: float, tmp_path: Path) -> None:
    """Axial, sagittal and coronal slices, oblique too, and axes of either handedness."""
    image = to_image(np.random.default_rng(1).normal(0, 1, (5, 6, 7)), GEOMETRY)
    image.SetDirection(sitk.Euler3DTransform((0, 0, 0), tilt, tilt / 2, -tilt).GetMatrix())
    image = sitk.DICOMOrient(image, axes)
    sitk.WriteImage(image, str(tmp_path / f"a.{kind}"))
    read = read_image(tmp_path / f"a.{kind}")
    assert same_geometry(read, image)
    upright = orient(read)
    name = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(upright.GetDirection())
    assert name == "LPS"


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("kind", ["nii.gz", "mha", "nrrd"])
def test_any_real_type_is_read(dtype: str, kind: str, tmp_path: Path) -> None:
    image = read_image(whole(tmp_path / f"a.{kind}", VOXELS.astype(dtype)))
    assert sitk.GetArrayViewFromImage(image).dtype == dtype
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(image), VOXELS)


def test_scaled_numbers_are_values(tmp_path: Path) -> None:
    image = read_image(nifti(tmp_path / "a.nii.gz", scl_slope=-0.5, scl_inter=7))
    np.testing.assert_allclose(to_array(image), VOXELS * -0.5 + 7)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii")
    path.chmod(0)
    with pytest.raises(UserError, match=r"^a.nii: cannot be read \(Permission denied\)"):
        read_image(path)


def test_what_is_more_than_the_header_says_is_not_decompressed(tmp_path: Path) -> None:
    """64 MiB behind the voxels, and 12 GiB that a header promises, cost no memory."""
    for make in (bomb, endless):
        path = make(tmp_path / "a.nii.gz")
        tracemalloc.start()
        with pytest.raises(UserError):
            read_image(path)
        assert tracemalloc.get_traced_memory()[1] < 2**24
        tracemalloc.stop()
