"""Noise, coils, fat suppression, k-space and smooth fields."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfce.phantom.fields import SmoothField, bspline_weights
from gfce.phantom.reception import (
    HEAD_MM,
    BiasField,
    ghosts,
    suppression_residual,
    zero_fill,
)
from gfce.phantom.scanner import rician


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_noise_in_air_is_rayleigh() -> None:
    air = rician(np.zeros((200, 200, 10), np.float32), 3.0, rng())
    assert air.mean() == pytest.approx(3.0 * np.sqrt(np.pi / 2), rel=0.01)
    assert air.std() == pytest.approx(3.0 * np.sqrt(2 - np.pi / 2), rel=0.01)


def test_noise_at_high_signal_is_gaussian() -> None:
    bright = rician(np.full((200, 200, 10), 100.0, np.float32), 2.0, rng())
    assert bright.mean() == pytest.approx(np.sqrt(100**2 + 2**2), rel=1e-3)
    assert bright.std() == pytest.approx(2.0, rel=0.02)


@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_bias_is_smooth_with_mean_one(strength: float) -> None:
    bias = BiasField.random(rng(1), strength, 0.3)
    axes = [np.linspace(-e, e, 31) for e in HEAD_MM]
    scaled = np.meshgrid(*(a / e for a, e in zip(axes, HEAD_MM, strict=True)), indexing="ij")
    field = bias.sample(*axes)
    assert field[sum(c**2 for c in scaled) <= 1].mean() == pytest.approx(1.0, abs=0.02)
    assert field.min() > 0
    fine = bias.sample([0.0], np.arange(-100, 100, 1.0), [0.0])[0, :, 0]
    assert np.abs(np.diff(np.log(fine))).max() < 0.04  # per millimetre


def test_no_bias_at_zero_strength() -> None:
    flat = BiasField.random(rng(2), 0.0, 0.5).sample([0.0], [-50.0, 50.0], [0.0])
    assert flat == pytest.approx(1.0, abs=1e-5)


def test_suppression_fails_only_where_the_field_is_off() -> None:
    off = np.zeros((40, 40), np.float32)
    off[:, 20:] = 4.0
    part = suppression_residual(0.1, off, np.zeros_like(off), 1.0)
    assert part[:, :20] == pytest.approx(0.1)
    assert part[:, 20:] == pytest.approx(1.0)


def test_ghosts_move_along_the_phase_axis_only() -> None:
    flow = np.zeros((50, 40), np.float32)
    flow[10, 30] = 1.0
    rows = ghosts(flow, 0.1, "rows")
    assert np.flatnonzero(rows.any(axis=0)).tolist() == [30]
    assert np.flatnonzero(ghosts(flow, 0.1, "columns").any(axis=1)).tolist() == [10]
    assert rows.sum() == pytest.approx(0.24)


def test_zero_filling_keeps_the_mean_and_smooth_waves() -> None:
    wave = np.cos(2 * np.pi * 3 * np.arange(24) / 24)
    image = (2.0 + wave[:, None] * np.ones(20)).astype(np.float32)
    filled = zero_fill(image, 48, 50)
    expected = 2.0 + np.cos(2 * np.pi * 3 * np.arange(48) / 48)
    assert filled.shape == (48, 50)
    assert filled == pytest.approx(np.broadcast_to(expected[:, None], (48, 50)), abs=1e-4)
    assert zero_fill(image, 24, 20) is image


@given(st.integers(4, 12), st.lists(st.floats(-5, 20), min_size=1, max_size=20))
def test_spline_weights_are_a_partition_of_unity(count: int, positions: list[float]) -> None:
    weights = bspline_weights(np.array(positions), count)
    assert weights.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (weights >= 0).all()


def test_fields_are_standard_and_do_not_depend_on_the_sampling() -> None:
    field = SmoothField.random(rng(3), 4.0)
    axis = np.arange(-70, 70, 1.5)
    values = field.sample(axis, axis, axis)
    assert values.mean() == pytest.approx(0.0, abs=0.05)
    assert values.std() == pytest.approx(1.0, abs=0.05)
    assert field.sample(axis[::3], axis[5:9], axis[:1]) == pytest.approx(
        values[::3, 5:9, :1], abs=1e-4
    )


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.floats(0, 2), st.floats(0, 1))
def test_bias_is_always_positive(seed: int, strength: float, edge: float) -> None:
    sample = BiasField.random(rng(seed), strength, edge).sample([-60, 0, 60], [-90, 90], [-70, 70])
    assert np.isfinite(sample).all()
    assert (sample > 0).all()
