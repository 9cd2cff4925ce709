"""Equations 1 and 2, and that every normalization can be undone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gfce.images.normalizations import (
    NORMALIZATIONS,
    AffineMap,
    VolumeStatistics,
    from_network,
    to_network,
)

HAND = np.array([[[0, 1], [2, 5]]], dtype=np.float32)  # mean 2, sd sqrt(3.5)

volumes = npst.arrays(
    np.float32, (2, 3, 4), elements=st.floats(-2000, 20000, width=32), unique=True
).filter(lambda volume: np.ptp(volume) > 1)


def test_equations_1_and_2_by_hand() -> None:
    statistics = VolumeStatistics.of(HAND)
    assert statistics == VolumeStatistics(0, 5, 2, pytest.approx(3.5**0.5))
    min_max = NORMALIZATIONS["min_max"].map_for(statistics)
    np.testing.assert_allclose(min_max.apply(HAND), HAND / 5, rtol=1e-6)
    z_score = NORMALIZATIONS["z_score"].map_for(statistics)
    np.testing.assert_allclose(z_score.apply(HAND), (HAND - 2) / 3.5**0.5, rtol=1e-6)


@given(volume=volumes)
@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_every_normalization_inverts(name: str, volume: np.ndarray) -> None:
    chosen = NORMALIZATIONS[name].map_for(VolumeStatistics.of(volume))
    np.testing.assert_allclose(chosen.invert(chosen.apply(volume)), volume, rtol=1e-4, atol=0.1)


@given(volume=volumes, gain=st.floats(0.1, 10), offset=st.floats(-50, 50))
@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_a_scanners_gain_and_offset_vanish(
    name: str, volume: np.ndarray, gain: float, offset: float
) -> None:
    def normalized(raw: np.ndarray) -> np.ndarray:
        return NORMALIZATIONS[name].map_for(VolumeStatistics.of(raw)).apply(raw)

    other = (volume.astype(np.float64) * gain + offset).astype(np.float32)
    np.testing.assert_allclose(normalized(other), normalized(volume), atol=1e-2)


@given(volume=volumes)
@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_the_networks_range(name: str, volume: np.ndarray) -> None:
    normalization = NORMALIZATIONS[name]
    normalized = normalization.map_for(VolumeStatistics.of(volume)).apply(volume)
    units = to_network(normalized, normalization)
    if normalization.bounded:
        assert units.min() == pytest.approx(-1, abs=1e-5)
        assert units.max() == pytest.approx(1, abs=1e-5)
    else:
        assert units.mean() == pytest.approx(0, abs=1e-2)
    np.testing.assert_allclose(from_network(units, normalization), normalized, atol=1e-5)


def test_statistics_of_a_region() -> None:
    region = np.array([[[False, True], [True, False]]])
    assert VolumeStatistics.of(HAND, region) == VolumeStatistics(1, 2, 1.5, 0.5)


def test_arrays_stay_float32() -> None:
    chosen = AffineMap(1.5, 2.5)
    assert chosen.apply(HAND).dtype == chosen.invert(HAND).dtype == np.float32
