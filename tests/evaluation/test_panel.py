"""NMSE, MS-SSIM, NMI and HFEN: by hand, and beside MONAI, scikit-image and the printed kernel."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from cohorts import head
from monai.metrics.regression import compute_ms_ssim, compute_ssim_and_cs
from scipy.ndimage import correlate
from skimage.metrics import normalized_mutual_information

from gfce.evaluation.metric import Images
from gfce.evaluation.metrics import METRICS, PRINTED_METRICS, TESTED_METRICS, metric_named
from gfce.evaluation.metrics.ms_ssim import WEIGHTS, n_scales
from gfce.evaluation.scaling import common_scale
from gfce.evaluation.scoring import score
from gfce.images.arrays import Mask

PANEL = ["nmse", "ms_ssim", "nmi", "hfen"]
PAPER = (256, 224)


def pair(slices: int, rows: int, columns: int) -> Images:
    """A head, and one like it with another texture, blurred edges and other noise."""
    real, other = (head(number, slices, rows, columns) for number in (0, 1))
    return Images(*common_scale(real, (0.7 * real + 0.3 * other) ** 1.01, "separate"))


def everywhere(images: Images) -> Mask:
    return np.ones(images.real.shape, dtype=bool)


def block(images: Images, *where: slice) -> Mask:
    region = np.zeros(images.real.shape, dtype=bool)
    region[where] = True
    return region


def value(name: str, images: Images, region: Mask) -> float:
    return metric_named(name).score(images, region)


def test_the_panel_follows_the_papers_metrics_and_is_not_printed_or_tested() -> None:
    assert [metric.name for metric in METRICS] == ["mae", "psnr_db", "ssim", *PANEL]
    assert [metric.name for metric in PRINTED_METRICS] == ["mae", "psnr_db", "ssim"]
    assert [metric.name for metric in TESTED_METRICS] == ["mae", "psnr_db"]
    assert all(metric_named(name).margin is None for name in PANEL)


def test_nmse_by_hand() -> None:
    images = Images(np.array([[[0.5, 1.0]]], np.float32), np.array([[[0.25, 0.5]]], np.float32))
    # (0.25^2 + 0.5^2) / (0.5^2 + 1^2), and of the first voxel alone 0.25^2 / 0.5^2.
    assert value("nmse", images, everywhere(images)) == pytest.approx(0.3125 / 1.25)
    first = np.array([[[True, False]]])
    assert value("nmse", images, first) == pytest.approx(0.25)


def test_nmi_by_hand() -> None:
    y = np.array([[[0.1, 0.1, 0.9, 0.9]]], np.float32)
    f = np.array([[[0.1, 0.9, 0.1, 0.9]]], np.float32)
    g = np.array([[[0.1, 0.5, 0.9, 0.9]]], np.float32)
    images = Images(y, f)
    assert value("nmi", images, everywhere(images)) == pytest.approx(1)  # unrelated
    assert value("nmi", Images(y, 1 - y), everywhere(images)) == pytest.approx(2)
    # H(y) = ln 2; of g and of both the cells are 1/4, 1/4, 1/2: 1.5 ln 2.
    assert value("nmi", Images(y, g), everywhere(images)) == pytest.approx(2.5 / 1.5)


@pytest.mark.parametrize("where", [(slice(None),), (slice(0, 1), slice(9, 30), slice(5, 29))])
def test_nmi_against_scikit_image(where: tuple[slice, ...]) -> None:
    images = pair(2, 40, 36)
    edges = np.linspace(0, 1, 65)
    region = block(images, *where)
    expected = normalized_mutual_information(
        images.real[region], images.synthetic[region], bins=[edges, edges]
    )
    assert value("nmi", images, region) == pytest.approx(expected, rel=1e-12)


def printed_kernel() -> np.ndarray:
    """LoG of 15 x 15 pixels, sigma 1.5, as MATLAB's fspecial('log', 15, 1.5) has it."""
    y, x = np.mgrid[-7:8, -7:8]
    gauss = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    kernel = gauss / gauss.sum() * (x**2 + y**2 - 2 * 1.5**2) / 1.5**4
    return kernel - kernel.mean()


@pytest.mark.parametrize("where", [(slice(None),), (slice(1, 2), slice(9, 30), slice(5, 29))])
def test_hfen_against_the_printed_kernel(where: tuple[slice, ...]) -> None:
    images = pair(2, 40, 36)
    region = block(images, *where)
    # A kernel of one slice: what lies above and below does not matter.
    kernel = printed_kernel()[None]
    real, synthetic = (
        correlate(np.float64(each), kernel)[region] for each in (images.real, images.synthetic)
    )
    expected = np.linalg.norm(real - synthetic) / np.linalg.norm(real)
    assert value("hfen", images, region) == pytest.approx(expected, rel=1e-4)


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """MONAI in float64: in float32 its variances lose five digits."""

    def as_double(data: torch.Tensor, **_: object) -> tuple[torch.Tensor]:
        return (data.double(),)

    monkeypatch.setattr("monai.metrics.regression.convert_data_type", as_double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def monai(images: Images, weights: tuple[float, ...]) -> np.ndarray:
    """MS-SSIM of each slice."""
    f, y = (torch.tensor(np.float64(v))[:, None] for v in (images.synthetic, images.real))
    return compute_ms_ssim(f, y, 2, weights=weights).numpy().ravel()


def test_ms_ssim_against_monai(double: None) -> None:
    images = pair(3, *PAPER)
    expected = monai(images, WEIGHTS)
    assert 0.5 < expected.max() < 0.99  # it is far from 1
    for number in range(3):
        only = block(images, slice(number, number + 1))
        assert value("ms_ssim", images, only) == pytest.approx(expected[number], abs=1e-8)
    slicewise = score(images.real, images.synthetic, {}, "slice")["volume"]
    assert slicewise["ms_ssim"] == pytest.approx(expected.mean(), abs=1e-8)


def test_ms_ssim_of_small_slices_has_fewer_scales(double: None) -> None:
    images = pair(1, 97, 84)  # of odd rows the last is left out
    weights = np.array(WEIGHTS[:3]) * sum(WEIGHTS) / sum(WEIGHTS[:3])
    [expected] = monai(images, tuple(weights))
    assert value("ms_ssim", images, everywhere(images)) == pytest.approx(expected, abs=1e-8)
    assert metric_named("ms_ssim").remark((1, 97, 84)).startswith("3 of 5 scales")
    assert metric_named("ms_ssim").remark((1, *PAPER)) == ""


@pytest.mark.parametrize(
    ("shape", "scales"),
    [(PAPER, 5), ((176, 176), 5), ((175, 300), 4), ((96, 84), 3), ((11, 11), 1), ((10, 99), 0)],
)
def test_number_of_scales(shape: tuple[int, int], scales: int) -> None:
    assert n_scales((4, *shape)) == scales


def test_ms_ssim_of_a_region_weighs_pixels_by_how_much_of_them_it_fills(double: None) -> None:
    images = pair(2, *PAPER)
    region = block(images, slice(None), slice(85, 120), slice(91, 150))
    f, y, share = (
        torch.tensor(np.float64(each))[:, None] for each in (images.synthetic, images.real, region)
    )
    expected = 1.0
    for number, weight in enumerate(WEIGHTS):
        maps = compute_ssim_and_cs(f, y, 2, (11, 11), (1.5, 1.5))
        chosen = maps[0] if number == 4 else maps[1]
        inner = share[..., 5:-5, 5:-5]
        expected *= float((chosen * inner).sum() / inner.sum()) ** weight
        f, y, share = (torch.nn.functional.avg_pool2d(each, 2) for each in (f, y, share))
    assert value("ms_ssim", images, region) == pytest.approx(expected, abs=1e-8)


def test_ms_ssim_of_a_region_at_the_edge_is_defined_and_local() -> None:
    images = pair(1, *PAPER)
    corner = block(images, slice(None), slice(0, 3), slice(0, 3))
    half = images.real.copy()
    half[:, 128:] = 0
    wrong_below = Images(images.real, half)
    assert value("ms_ssim", Images(images.real, images.real), corner) == 1
    assert 0 < value("ms_ssim", images, corner) < 1
    above, below = (block(images, slice(None), part) for part in (slice(0, 60), slice(200, 256)))
    assert value("ms_ssim", wrong_below, above) > value("ms_ssim", wrong_below, below)


def test_ms_ssim_of_an_odd_last_row_alone_is_not_defined() -> None:
    images = pair(1, 97, 84)
    last, last_two = (block(images, slice(None), slice(row, 97)) for row in (96, 95))
    assert math.isnan(value("ms_ssim", images, last))
    assert 0 < value("ms_ssim", images, last_two) < 1


def test_ms_ssim_of_opposite_images_is_0() -> None:
    images = pair(1, *PAPER)
    opposite = Images(images.real, 1 - images.real)
    assert value("ms_ssim", opposite, everywhere(images)) == 0


def test_a_perfect_and_a_constant_image() -> None:
    images = pair(2, 40, 36)
    tumour = block(images, slice(0, 1), slice(12, 20), slice(10, 16))
    perfect = score(images.real, images.real, {"tumour": tumour})
    flat = score(*common_scale(images.real, np.full_like(images.real, 3.0), "reference"), {})
    for region in ("volume", "tumour"):
        assert [perfect[region][name] for name in PANEL] == [0, 1, 2, 0]
    assert np.isfinite([flat["volume"][name] for name in PANEL]).all()
    assert flat["volume"]["nmi"] == 1


def test_what_is_not_defined_is_missing_and_left_out_of_slice_averages() -> None:
    real = pair(2, 40, 36).real
    real[1] = 0
    synthetic = real + np.float32(0.001)
    empty_slice = np.zeros(real.shape, dtype=bool)
    empty_slice[1] = True
    scores = score(real, synthetic, {"empty": empty_slice}, "slice")
    assert all(math.isnan(scores["empty"][name]) for name in ("nmse", "nmi", "hfen"))
    alone = score(real[:1], synthetic[:1], {}, "slice")["volume"]
    for name in ("nmse", "nmi", "hfen"):
        assert scores["volume"][name] == alone[name]
    assert scores["volume"]["mae"] == pytest.approx(0.001, rel=1e-3)  # of both slices


def test_rounding_does_not_leave_the_range_of_nmi() -> None:
    rng = np.random.default_rng(0)
    for size in range(2, 60):
        y = rng.random((1, 1, size), dtype=np.float32)
        for f in (y, y[..., ::-1].copy()):
            assert 1 <= value("nmi", Images(y, f), np.ones(y.shape, dtype=bool)) <= 2
