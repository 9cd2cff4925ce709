"""Resampling and orientation."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from cohorts import head, image
from scipy.ndimage import map_coordinates

from gfce.images.arrays import Geometry
from gfce.images.foreground import foreground
from gfce.images.volumes import (
    orient,
    resample_in_plane,
    same_geometry,
    to_array,
    to_image,
)


def test_resampling_is_bilinear_over_the_same_field_of_view() -> None:
    original = image(1)  # 24 rows, 20 columns
    resampled = resample_in_plane(original, (36, 16))
    array = to_array(resampled)
    assert array.shape == (3, 36, 16)
    # An independent implementation: pixel edges coincide, so centre k lies at (k + 0.5) s - 0.5.
    rows = (np.arange(36) + 0.5) * 24 / 36 - 0.5
    columns = (np.arange(16) + 0.5) * 20 / 16 - 0.5
    where = np.stack(np.meshgrid(rows, columns, indexing="ij"))
    for new, old in zip(array, to_array(original), strict=True):
        expected = map_coordinates(old, where, order=1, mode="nearest")
        np.testing.assert_allclose(new, expected, atol=1e-2)


def test_resampling_keeps_where_things_are() -> None:
    original = image(1)
    resampled = resample_in_plane(original, (48, 40))
    for corner in ((-0.5, -0.5, 0), (19.5, 23.5, 2)):
        other = tuple((2 * (index + 0.5)) - 0.5 for index in corner[:2]) + corner[2:]
        np.testing.assert_allclose(
            original.TransformContinuousIndexToPhysicalPoint(corner),
            resampled.TransformContinuousIndexToPhysicalPoint(other),
        )


def test_labels_stay_labels() -> None:
    labels = sitk.Cast(image(1) > 200, sitk.sitkUInt8) * 3
    assert set(np.unique(to_array(resample_in_plane(labels, (36, 16), labels=True)))) == {0, 3}


def test_any_orientation_becomes_axial_lps() -> None:
    original = image(2)
    turned = sitk.DICOMOrient(original, "ASR")
    assert to_array(turned).shape != to_array(original).shape
    back = orient(turned)
    assert same_geometry(back, original)
    np.testing.assert_array_equal(to_array(back), to_array(original))


@pytest.mark.parametrize(
    "other",
    [
        image(0, (2.0, 1.5, 4.1)),
        to_image(head(0), Geometry((2.0, 1.5, 4.0), (-10.0, -20.0, 30.5))),
        to_image(head(0, slices=4), Geometry((2.0, 1.5, 4.0), (-10.0, -20.0, 30.0))),
    ],
    ids=["spacing", "origin", "size"],
)
def test_different_grids(other: sitk.Image) -> None:
    assert same_geometry(image(0), image(1))
    assert not same_geometry(image(0), other)


def test_the_foreground_is_the_head() -> None:
    t1w, t2w = image(0), image(1)
    mask = to_array(foreground(t1w, t2w)) > 0
    row, column = np.mgrid[-1:1:24j, -1:1:20j]
    inside = (row / 0.8) ** 2 + (column / 0.7) ** 2
    assert mask[:, inside < 0.8].all()
    assert not mask[:, inside > 1.3].any()


def test_holes_belong_to_the_foreground() -> None:
    arrays = [head(seed) for seed in (0, 1)]
    for array in arrays:
        array[:, 10:14, 8:12] = 0  # a sinus
    images = [to_image(array, Geometry((1, 1, 1), (0, 0, 0))) for array in arrays]
    assert to_array(foreground(*images))[:, 10:14, 8:12].all()
