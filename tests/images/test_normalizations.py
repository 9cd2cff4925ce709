"""Each normalization by hand, and what all of them have in common."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import load_normalization, save_normalization
from gfce.images.modalities import MODALITIES
from gfce.images.normalizations import NORMALIZATIONS
from gfce.images.volume_statistics import VolumeStatistics

HAND = np.array([[[0, 1], [2, 5]]], dtype=np.float32)  # mean 2, sd sqrt(3.5)
OTHER = np.array([[[10, 20], [20, 30]]], dtype=np.float32)  # mean 20, sd sqrt(50)
PATIENT_BASED = ("min_max", "z_score", "percentile_min_max", "slice_z_score")
CLIPPED = ("percentile_min_max",)

volumes = npst.arrays(
    np.float32, (2, 4, 5), elements=st.integers(-2000, 20000), unique=True
).filter(lambda volume: np.ptp(volume) > 100)


def statistics_of(volume: np.ndarray) -> VolumeStatistics:
    return VolumeStatistics.of(volume, np.ones(volume.shape, dtype=bool))


def fitted(name: str, *training: np.ndarray) -> FittedNormalization:
    statistics = [statistics_of(volume) for volume in training]
    return FittedNormalization.fit(name, dict.fromkeys(MODALITIES, statistics))


def normalize(name: str, volume: np.ndarray, *training: np.ndarray) -> np.ndarray:
    return fitted(name, *(training or (volume,))).normalize("ce", volume, statistics_of(volume))


def test_equations_1_and_2_by_hand() -> None:
    np.testing.assert_allclose(normalize("min_max", HAND), HAND / 5, rtol=1e-6)
    np.testing.assert_allclose(normalize("z_score", HAND), (HAND - 2) / 3.5**0.5, rtol=1e-6)


def test_percentile_min_max_by_hand() -> None:
    ramp = np.arange(1001, dtype=np.float32).reshape(1, 7, 143)
    expected = np.clip((ramp - 5) / 990, 0, 1)
    np.testing.assert_allclose(normalize("percentile_min_max", ramp), expected, atol=1e-6)


def test_dataset_z_score_is_that_of_all_training_voxels() -> None:
    both = np.concatenate([HAND.ravel(), OTHER.ravel()]).astype(np.float64)
    expected = (HAND - both.mean()) / both.std()
    np.testing.assert_allclose(normalize("dataset_z_score", HAND, HAND, OTHER), expected, rtol=1e-5)


def test_slice_z_score_forgets_contrast_between_slices() -> None:
    volume = np.concatenate([HAND, OTHER, np.zeros_like(HAND)])
    normalized = normalize("slice_z_score", volume)
    for number, slice_ in enumerate((HAND, OTHER)):
        expected = (slice_[0] - slice_.mean()) / slice_.std()
        np.testing.assert_allclose(normalized[number], expected, rtol=1e-5)
    assert (normalized[2] == 0).all()


def test_nyul_takes_landmarks_to_the_training_sets_average() -> None:
    linear = np.linspace(0, 100, 101, dtype=np.float32).reshape(1, 1, 101)
    squared = linear**2
    normalization = fitted("nyul", linear, squared)
    landmarks = np.array([1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99], dtype=np.float64)
    first = (landmarks - 1) / 98
    second = (landmarks**2 - 1) / (99**2 - 1)
    standard = (first + second) / 2
    np.testing.assert_allclose(normalization.parameters["ce"], standard, atol=1e-6)
    normalized = normalization.normalize("ce", squared, statistics_of(squared))[0, 0]
    np.testing.assert_allclose(normalized[landmarks.astype(int)], standard, atol=1e-5)
    # Beyond the ends the first and last segments go on.
    slope = (standard[-1] - standard[-2]) / (99**2 - 90**2)
    assert normalized[100] == pytest.approx(standard[-1] + slope * (100**2 - 99**2), rel=1e-5)


@given(volume=volumes, other=volumes)
@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_every_normalization_inverts(name: str, volume: np.ndarray, other: np.ndarray) -> None:
    chosen, statistics = fitted(name, volume, other), statistics_of(volume)
    back = chosen.restore("ce", chosen.normalize("ce", volume, statistics), statistics)
    kept = np.ones(volume.shape, dtype=bool)
    if name in CLIPPED:  # and that is why it cannot invert the extreme half percent
        kept = (volume >= statistics.low) & (volume <= statistics.high)
    scale = max(abs(statistics.minimum), abs(statistics.maximum))
    np.testing.assert_allclose(back[kept], volume[kept], atol=1e-3 * scale)


@given(volume=volumes, gain=st.floats(0.1, 10), offset=st.floats(-50, 50))
@pytest.mark.parametrize("name", (*PATIENT_BASED, "nyul"))
def test_a_scanners_gain_and_offset_vanish(
    name: str, volume: np.ndarray, gain: float, offset: float
) -> None:
    other = (volume.astype(np.float64) * gain + offset).astype(np.float32)
    expected = normalize(name, volume, volume)
    np.testing.assert_allclose(normalize(name, other, volume), expected, atol=2e-2)


def test_a_fitted_z_score_keeps_a_scanners_gain() -> None:
    plain = normalize("dataset_z_score", HAND, HAND, OTHER)
    assert not np.allclose(normalize("dataset_z_score", 3 * HAND, HAND, OTHER), plain)


@given(volume=volumes)
@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_the_networks_range(name: str, volume: np.ndarray) -> None:
    chosen = fitted(name, volume)
    normalized = chosen.normalize("ce", volume, statistics_of(volume))
    units = chosen.to_network(normalized)
    if chosen.bounded:
        assert units.min() == pytest.approx(-1, abs=1e-5)
        assert units.max() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(chosen.from_network(units), normalized, atol=1e-5)
    assert units.dtype == np.float32


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_skull_stripped_volumes_have_finite_maps(name: str) -> None:
    """Four of five voxels exactly 0, negative values, empty slices, heavy tails."""
    volume = np.zeros((4, 10, 10), dtype=np.float32)
    generator = np.random.default_rng(1)
    volume[1:3, 3:7, 3:7] = generator.exponential(300, (2, 4, 4)) - 100
    chosen, statistics = fitted(name, volume), VolumeStatistics.of(volume, volume != 0)
    normalized = chosen.normalize("ce", volume, statistics)
    assert np.isfinite(normalized).all()
    assert np.isfinite(chosen.restore("ce", normalized, statistics)).all()


def test_statistics_of_a_region() -> None:
    region = np.array([[[False, True], [True, False]]])
    statistics = VolumeStatistics.of(HAND, np.ones_like(region), region)
    assert (statistics.minimum, statistics.maximum) == (1, 2)
    assert (statistics.mean, statistics.sd) == (1.5, 0.5)
    assert statistics.landmarks[0] == pytest.approx(0.03)  # of the head, not of the region


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_what_was_fitted_is_kept_to_the_bit(name: str, tmp_path: Path) -> None:
    chosen = fitted(name, HAND, OTHER)
    save_normalization(chosen, tmp_path / "normalization.json")
    assert load_normalization(tmp_path / "normalization.json") == chosen
