"""Equations 3 and 4, SSIM, and the scales that images are compared on."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from cohorts import head
from hypothesis import given
from hypothesis import strategies as st

from gfce.evaluation.metric import Images
from gfce.evaluation.metrics import METRICS, metric_named
from gfce.evaluation.metrics.ssim import structural_similarity_map
from gfce.evaluation.scaling import common_scale
from gfce.evaluation.scoring import score

REAL = (
    np.array(
        [
            [[0.0, 0.5], [1.0, 0.5]],
            [
                [
                    0,
                    0,
                ],
                [0, 0],
            ],
        ],
        dtype=np.float32,
    )
    .repeat(8, 1)
    .repeat(8, 2)
)
SYNTHETIC = REAL.copy()
SYNTHETIC[0] = np.clip(SYNTHETIC[0] + 0.1, 0, 1)  # wrong by 0.1 but where y = 1


def test_equations_3_and_4_by_hand() -> None:
    scores = score(REAL, SYNTHETIC, {})["volume"]
    # 3 of 4 quarters of one of two slices are wrong by 0.1.
    assert scores["n_voxels"] == 2 * 16 * 16
    assert scores["mae"] == pytest.approx(0.1 * 3 / 8)
    # eq. 4 as printed: 20 log10(max(y) sqrt(n) / ||y - f||), max(y) = 1.
    norm = np.sqrt(0.01 * 3 * 64)
    assert scores["psnr_db"] == pytest.approx(20 * np.log10(np.sqrt(512) / norm), rel=1e-5)


def test_slice_averages() -> None:
    scores = score(REAL, SYNTHETIC + 0.01, {}, "slice")["volume"]
    assert scores["mae"] == pytest.approx(((0.11 * 3 + 0.01) / 4 + 0.01) / 2, rel=1e-4)
    errors = [(0.11**2 * 3 + 0.01**2) / 4, 0.01**2]
    assert scores["psnr_db"] == pytest.approx(
        np.mean([-10 * np.log10(e) for e in errors]), rel=1e-4
    )


def test_regions() -> None:
    left = np.zeros(REAL.shape, dtype=bool)
    left[0, :8, :8] = True
    empty = np.zeros_like(left)
    scores = score(REAL, SYNTHETIC, {"tumour": left, "nothing": empty})
    assert set(scores) == {"volume", "tumour"}
    assert scores["tumour"]["n_voxels"] == 64
    assert scores["tumour"]["mae"] == pytest.approx(0.1)


def test_a_perfect_prediction() -> None:
    scores = score(REAL, REAL, {})["volume"]
    assert (scores["mae"], scores["psnr_db"], scores["ssim"]) == (0, float("inf"), 1)


def test_ssim_against_its_formula() -> None:
    """One voxel far from the border, by eq. 13 of Wang 2004 with an explicit Gaussian window."""
    real = head(0, slices=1)[0].astype(np.float64) / 400
    synthetic = head(3, slices=1)[0].astype(np.float64) / 400
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    row, column = 12, 10
    x, y = (a[row - 5 : row + 6, column - 5 : column + 6] for a in (real, synthetic))
    mx, my = (window * x).sum(), (window * y).sum()
    vx, vy = (window * x**2).sum() - mx**2, (window * y**2).sum() - my**2
    cov = (window * x * y).sum() - mx * my
    c1, c2 = 0.01**2, 0.03**2
    expected = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    computed = structural_similarity_map(Images(real[None], synthetic[None]))[0, row, column]
    assert computed == pytest.approx(expected, abs=1e-3)


@given(gain=st.floats(0.01, 100), offset=st.floats(-1000, 1000))
def test_the_reference_scale_follows_the_real_image(gain: float, offset: float) -> None:
    real, synthetic = head(0), head(1)
    moved = [(image.astype(np.float64) * gain + offset) for image in (real, synthetic)]
    before = common_scale(real, synthetic, "reference")
    after = common_scale(moved[0], moved[1], "reference")
    for first, second in zip(before, after, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-4)


def test_reference_and_separate_scaling() -> None:
    real = np.array([[[0.0, 100.0]]], dtype=np.float32)
    synthetic = np.array([[[-50.0, 50.0]]], dtype=np.float32)
    one, other = common_scale(real, synthetic, "reference")
    np.testing.assert_allclose(one, [[[0, 1]]])
    np.testing.assert_allclose(other, [[[0, 0.5]]])  # clipped at 0
    _, alone = common_scale(real, synthetic, "separate")
    np.testing.assert_allclose(alone, [[[0, 1]]])


def test_a_constant_prediction_is_scored() -> None:
    real, flat = head(0), np.full_like(head(0), 3.0)
    for scaling in ("reference", "separate"):
        scores = score(*common_scale(real, flat, scaling), {})["volume"]
        assert np.isfinite([scores["mae"], scores["psnr_db"], scores["ssim"]]).all()


def test_the_papers_metrics_come_first() -> None:
    assert [metric.name for metric in METRICS[:3]] == ["mae", "psnr_db", "ssim"]
    assert [metric.rank for metric in METRICS] == sorted(metric.rank for metric in METRICS)
    assert metric_named("ssim") is METRICS[2]
    assert len({metric.stem for metric in METRICS}) == len(METRICS)


def test_what_regions_share_is_computed_once() -> None:
    calls = []

    def count(images: Images) -> int:
        calls.append(images)
        return 7

    images = Images(REAL, SYNTHETIC)
    assert [images.once(count), images.once(count)] == [7, 7]
    assert len(calls) == 1


def test_a_configuration_is_read_without_the_libraries_of_a_metric() -> None:
    script = "import gfce.config, sys; print('skimage' in sys.modules)"
    command = [sys.executable, "-c", script]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
