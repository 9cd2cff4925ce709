"""What is faster here than in a library is the same as the library's, to the bit."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 (the library's own convention)
from numpy.typing import NDArray

from gfce.images.arrays import Geometry
from gfce.images.foreground import foreground
from gfce.images.volume_statistics import LANDMARKS, PERCENTILES, percentiles
from gfce.images.volumes import Image, orient, to_array, to_image

TILT = np.radians(7)
OBLIQUE = np.array(
    [[np.cos(TILT), -np.sin(TILT), 0], [np.sin(TILT), np.cos(TILT), 0], [0, 0, 1]], dtype=float
)
AXES = [
    np.eye(3)[:, list(order)] * signs
    for order, signs in product(permutations(range(3)), product((1, -1), repeat=3))
]


@pytest.mark.parametrize("turn", [np.eye(3), OBLIQUE])
@pytest.mark.parametrize("axes", AXES)
def test_turning_to_lps(axes: NDArray[np.float64], turn: NDArray[np.float64]) -> None:
    array = np.random.default_rng(1).integers(-9, 9, (3, 4, 5)).astype(np.int16)
    direction = tuple((turn @ axes).ravel().tolist())
    original = to_image(array, Geometry((0.71, 0.9, 3.3), (-80.3, 91.7, 12.1), direction))
    ours, theirs = orient(original), sitk.DICOMOrient(original, "LPS")
    assert Geometry.of(ours) == Geometry.of(theirs)
    assert ours.GetPixelID() == theirs.GetPixelID()
    assert np.array_equal(sitk.GetArrayFromImage(ours), sitk.GetArrayFromImage(theirs))


@pytest.mark.parametrize("percents", [PERCENTILES, LANDMARKS, (0, 100)])
@pytest.mark.parametrize("size", [1, 2, 3, 100, 12_345])
def test_percentiles(size: int, percents: tuple[float, ...]) -> None:
    random = np.random.default_rng(size)
    for values in (
        *(random.normal(300, 90, size), random.integers(0, 5, size), np.full(size, 7.3)),
        *(random.normal(0, 90, size), -random.lognormal(0, 20, size), random.integers(-2, 3, size)),
    ):
        stored = values.astype(np.float32)
        expected = np.percentile(stored.astype(np.float64), percents)
        assert percentiles(stored, percents).tolist() == expected.tolist()


def found_by_simpleitk(t1w: Image, t2w: Image) -> NDArray[np.bool_]:
    """The head by filters of SimpleITK alone, slice by slice."""
    arrays = (to_array(image) for image in (t1w, t2w))
    bright = [np.clip(array / np.percentile(array, 99), 0, 1) for array in arrays]
    mask = sitk.OtsuThreshold(sitk.GetImageFromArray(np.maximum(*bright)), 0, 1)
    mask = sitk.BinaryMorphologicalClosing(mask, [2, 2, 0])
    mask = sitk.RelabelComponent(sitk.ConnectedComponent(mask), sortByObjectSize=True) == 1
    for number in range(mask.GetSize()[2]):
        mask[:, :, number] = sitk.BinaryFillhole(mask[:, :, number])
    return sitk.GetArrayFromImage(mask) > 0


@pytest.mark.parametrize("seed", range(20))
def test_the_head(seed: int) -> None:
    random = np.random.default_rng(seed)
    images = []
    for _ in range(2):  # blobs that touch the border and have holes, in noise
        noise = sitk.GetImageFromArray(random.normal(0, 1, (5, 41, 37)).astype(np.float32))
        blobs = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(noise, [1.5] * 3)) > 0
        array = 500 * blobs * random.random(blobs.shape) + random.normal(0, 20, blobs.shape)
        images.append(sitk.GetImageFromArray(array.astype(np.float32)))
    found = to_array(foreground(*images)) > 0
    assert found.any()
    assert np.array_equal(found, found_by_simpleitk(*images))
