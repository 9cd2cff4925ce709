"""Volumes that are whole but of no use: each with its whole message."""

# A table is read by its rows.
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from cohorts import head, image

from gfce.cohort.bids import PatientFiles
from gfce.cohort.usability import check_patient
from gfce.errors import UserError
from gfce.images.arrays import Geometry
from gfce.images.volumes import Image, orient, to_image
from gfce.images.writing import write_image

GEOMETRY = Geometry((2.0, 1.5, 4.0), (-10.0, -20.0, 30.0))
T1W, MASK = "sub-1_T1w.nii.gz", "sub-1_mask.nii.gz"
NAMES = {"t1w": T1W, "t2w": "sub-1_T2w.nii.gz", "ce": "sub-1_ce-gadolinium_T1w.nii.gz"}


def patient(folder: Path, images: dict[str, Image], mask: Image | None = None) -> PatientFiles:
    for modality, one in images.items():
        write_image(one, folder / NAMES[modality])
    if mask is not None:
        write_image(mask, folder / MASK)
    files = {modality: [folder / NAMES[modality]] for modality in images}
    return PatientFiles("sub-1", "A", files, None if mask is None else folder / MASK)


def heads(change: Callable[[Image], Image] = lambda one: one) -> dict[str, Image]:
    return {modality: change(image(seed)) for seed, modality in enumerate(NAMES)}


def with_t1w(array: np.ndarray) -> dict[str, Image]:
    return {**heads(), "t1w": to_image(array.astype(np.float32), GEOMETRY)}


def one_bright_voxel(background: float, bright: float) -> np.ndarray:
    array = np.full((3, 24, 20), background)
    array[1, 12, 10] = bright
    return array


def tumour(first: int = 8, last: int = 11, value: int = 1) -> Image:
    array = np.zeros((3, 24, 20), np.uint8)
    array[1, first:last, 8:11] = value
    return to_image(array, GEOMETRY)


def two_labels() -> Image:
    return tumour(8, 10) + tumour(12, 14, 4)


NOISE = np.random.default_rng(0).normal(0, 1, (3, 24, 20))

REFUSED: list[tuple[str, dict[str, Image], Image | None, str]] = [
    ("constant", with_t1w(np.full((3, 24, 20), 7)), None, f"{T1W}: every voxel is 7: export it again"),
    ("one-voxel", with_t1w(one_bright_voxel(0, 900)), None, f"{T1W}: 99% of its voxels or more are 0: export it again"),
    ("one-voxel-of-5", with_t1w(one_bright_voxel(5, 6)), None, f"{T1W}: 99% of its voxels or more are 5: export it again"),
    ("nearly-constant", with_t1w(1000 + NOISE.clip(-2, 2).round()), None, f"{T1W}: 99% of its voxels are between 998 and 1002: export it again"),
    ("negative-constant", with_t1w(-1000 + NOISE.clip(-2, 2).round()), None, f"{T1W}: 99% of its voxels are between -1002 and -998: export it again"),
    ("outlier", with_t1w(np.where(one_bright_voxel(0, 1) > 0, 9e6, head(0).clip(0, 250).round())), None, f"{T1W}: its range is 0 to 9e+06 but that of 99% of its voxels 0 to 250: remove the outliers"),
    ("2x2", heads(lambda one: one[9:11, 11:13, :]), None, f"{T1W}: its axial slices have 2 x 2 pixels, less than 16 x 16: leave the patient out"),
    ("narrow", heads(lambda one: one[:15, :, :]), None, f"{T1W}: its axial slices have 24 x 15 pixels, less than 16 x 16: leave the patient out"),
    ("narrow-sagittal", heads(lambda one: sitk.DICOMOrient(one[:15, :, :], "PSR")), None, f"{T1W}: its axial slices have 24 x 15 pixels, less than 16 x 16: leave the patient out"),
    ("turned", {**heads(), "t2w": sitk.DICOMOrient(image(1), "RAS")}, None, "t1w and t2w lie on different grids (20, 24, 3) and (20, 24, 3): register and resample them to one"),
    ("mask-empty", heads(), tumour() * 0, f"{MASK}: no voxel is tumour: leave the mask out"),
    ("mask-inverted", heads(), 1 - tumour(), f"{MASK}: 99% of its voxels are tumour, over half: is it inverted?"),
    ("mask-elsewhere", heads(), orient(tumour())[:, :, :2], "t1w and tumour mask lie on different grids (20, 24, 3) and (20, 24, 2): register and resample them to one"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("images", "mask", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_volumes_of_no_use(
    images: dict[str, Image], mask: Image | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as caught:
        check_patient(patient(tmp_path, images, mask))
    assert str(caught.value) == f"sub-1: {message}"


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one,
        lambda one: sitk.DICOMOrient(one, "PSR"),
        lambda one: one[:16, :16, 1:2],
        lambda one: sitk.Cast(one, sitk.sitkUInt16),
        lambda one: one - 200,
        lambda one: one * 1e-6,
    ],
    ids=["axial", "sagittal", "smallest", "integers", "negative", "faint"],
)
def test_volumes_of_use(change: Callable[[Image], Image], tmp_path: Path) -> None:
    checked = check_patient(patient(tmp_path, heads(change)))
    assert set(checked.paths) == set(NAMES)


def test_a_head_in_a_large_field_of_view(tmp_path: Path) -> None:
    """Nine of ten voxels are air of exactly 0, as after skull stripping."""
    images = heads()
    padded = {
        modality: sitk.ConstantPad(one, [30, 25, 0], [30, 25, 0])
        for modality, one in images.items()
    }
    assert check_patient(patient(tmp_path, padded)).slices == 3


def test_one_label_of_two(tmp_path: Path) -> None:
    files = patient(tmp_path, heads(), two_labels())
    assert check_patient(files, label=4).labels == ()
    assert check_patient(files).labels == (1, 4)
    with pytest.raises(UserError, match=r"has no voxel of label 2 \(it has 0, 1, 4\)"):
        check_patient(files, label=2)
