"""Tumour masks: what is one, and which voxels are tumour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from broken_files import nifti, without_end

from gfce.errors import UserError
from gfce.images.arrays import Geometry
from gfce.images.masks import mask_labels, read_mask
from gfce.images.reading import read_image
from gfce.images.volumes import to_array, to_image
from gfce.images.writing import write_image

TUMOUR = np.zeros((2, 4, 3), np.uint8)
TUMOUR[1, 1:3, 1] = 1
PARTS = TUMOUR.astype(np.int16) * 4
PARTS[0, 0] = 1
PROBABLE = TUMOUR * np.float32(0.4)
NOT_ONE = "give labels (0, 1, ...), not probabilities"


@pytest.mark.parametrize(
    ("array", "label"),
    [
        (TUMOUR, None),
        (TUMOUR, 1),
        (TUMOUR * 255, None),
        (TUMOUR.astype(np.float32), None),
        (TUMOUR.astype(np.float64) * 3, 3),
        (PARTS, 4),
        (TUMOUR + np.uint8(1), 2),
    ],
    ids=["0-1", "chosen", "0-255", "float", "float-chosen", "one-of-two", "no-0"],
)
def test_the_tumour(array: np.ndarray, label: int | None, tmp_path: Path) -> None:
    mask = read_mask(nifti(tmp_path / "a.nii.gz", array), label)
    assert mask.GetPixelID() == sitk.sitkUInt8
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(mask), TUMOUR)


REFUSED = [
    ("empty", TUMOUR * 0, None, "no voxel is tumour: leave the mask out"),
    ("empty-chosen", TUMOUR * 0, 1, "has no voxel of label 1 (it has 0): choose another"),
    ("inverted", 1 - TUMOUR, None, "92% of its voxels are tumour, over half: is it inverted?"),
    ("full", TUMOUR * 0 + 1, None, "100% of its voxels are tumour, over half: is it inverted?"),
    ("background", PARTS, 0, "label 0 is the background: choose the tumour's with mask_label"),
    ("negative-label", PARTS, -1, "label -1 is none: choose the tumour's with mask_label"),
    ("absent", PARTS, 2, "has no voxel of label 2 (it has 0, 1, 4): choose another"),
    ("beyond-type", TUMOUR, 300, "has no voxel of label 300 (it has 0, 1): choose another"),
    ("probabilities", PROBABLE, None, f"has a voxel of 0.4: {NOT_ONE}"),
    ("probabilities-chosen", PROBABLE, 1, f"has a voxel of 0.4: {NOT_ONE}"),
    ("negative", TUMOUR.astype(np.int16) * -1, None, f"has a voxel of -1: {NOT_ONE}"),
    (
        "many",
        np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
        99,
        "has no voxel of label 99 (it has 0, 1, 2, 3, 4, 5, 6, 7, ...): choose another",
    ),
    ("nan", TUMOUR * np.float32("nan"), None, "has voxels that are not finite: export it again"),
]


@pytest.mark.parametrize(
    ("array", "label", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_no_mask(
    array: np.ndarray, label: int | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as caught:
        read_mask(nifti(tmp_path / "a.nii.gz", array), label)
    assert str(caught.value) == f"a.nii.gz: {message}"


def test_a_mask_is_read_to_its_end(tmp_path: Path) -> None:
    path = without_end(nifti(tmp_path / "a.nii.gz", TUMOUR), 8)
    with pytest.raises(UserError, match=r"^a.nii.gz: is cut short"):
        read_mask(path)


def test_all_labels_are_tumour_where_none_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "parts.nii.gz"
    write_image(to_image(PARTS, Geometry((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))), path)
    assert mask_labels(read_image(path)) == [1, 4]
    assert (to_array(read_mask(path)) == (PARTS > 0)).all()
