"""Scores of a synthetic image against the real one, both on the [0, 1] scale.

Arrays are (slice, row, column), float32 or float64; a region is a boolean array of that shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from gfce.images.arrays import Mask, Volume

Errors = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """The scores of one image in one region."""

    n_voxels: int
    mae: float
    psnr_db: float
    ssim: float


def mean_absolute_error(errors: Errors) -> float:
    """MAE = mean |y - f(x)| (study eq. 3), of the errors y - f(x)."""
    return float(np.abs(errors).mean())


def peak_signal_to_noise_ratio(errors: Errors) -> float:
    """PSNR = 20 log10(max(y) sqrt(n) / ||y - f(x)||_2) with max(y) = 1, in dB (study eq. 4).

    Infinite if there is no error at all.
    """
    mean_square = float(np.square(errors).mean())
    return float("inf") if mean_square == 0 else float(-10 * np.log10(mean_square))


def structural_similarity_map(real: Volume, synthetic: Volume) -> NDArray[np.float64]:
    """SSIM of each voxel within its slice, with the original's Gaussian window.

    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, IEEE Trans Image Process 13 (2004): sigma
    1.5, population covariance, dynamic range 1.
    """
    maps = [
        structural_similarity(
            np.asarray(y, dtype=np.float64),
            np.asarray(f, dtype=np.float64),
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )[1]
        for y, f in zip(real, synthetic, strict=True)
    ]
    return np.stack(maps)


def score(
    real: Volume, synthetic: Volume, regions: dict[str, Mask], average: str = "volume"
) -> dict[str, Scores]:
    """Scores of the whole volume (`volume`) and of each region that has voxels.

    `average` says what eq. 3 and 4 run over: the patient's `volume`, or each `slice` and then the
    mean over the slices that the region meets (study decision 5).
    """
    errors = real.astype(np.float64) - synthetic.astype(np.float64)
    similarity = structural_similarity_map(real, synthetic)
    masks = {"volume": np.ones(real.shape, dtype=bool), **regions}
    return {
        name: _score_region(errors, similarity, mask, average)
        for name, mask in masks.items()
        if mask.any()
    }


def _score_region(
    errors: Errors, similarity: NDArray[np.float64], mask: Mask, average: str
) -> Scores:
    parts = [mask] if average == "volume" else [_one_slice(mask, k) for k in _slices(mask)]
    return Scores(
        n_voxels=int(mask.sum()),
        mae=float(np.mean([mean_absolute_error(errors[part]) for part in parts])),
        psnr_db=float(np.mean([peak_signal_to_noise_ratio(errors[part]) for part in parts])),
        ssim=float(np.mean([similarity[part].mean() for part in parts])),
    )


def _slices(mask: Mask) -> list[int]:
    return [int(k) for k in np.flatnonzero(mask.any(axis=(1, 2)))]


def _one_slice(mask: Mask, number: int) -> Mask:
    part = np.zeros_like(mask)
    part[number] = mask[number]
    return part
