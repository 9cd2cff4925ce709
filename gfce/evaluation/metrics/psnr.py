"""Peak signal-to-noise ratio."""

from __future__ import annotations

import numpy as np

from gfce.evaluation.metric import Images, Margin, Metric, errors
from gfce.images.arrays import Mask


def peak_signal_to_noise_ratio(images: Images, region: Mask) -> float:
    """PSNR = 20 log10(max(y) sqrt(n) / ||y - f(x)||_2) with max(y) = 1, in dB (study eq. 4).

    Infinite if there is no error at all.
    """
    mean_square = float(np.square(images.once(errors)[region]).mean())
    return float("inf") if mean_square == 0 else float(-10 * np.log10(mean_square))


METRIC = Metric(
    name="psnr_db",
    stem="psnr",
    title="PSNR (dB)",
    unit="dB",
    unit_suffix="_db",
    description="Peak signal-to-noise ratio (eq. 4)",
    higher_is_better=True,
    rank=2,
    score=peak_signal_to_noise_ratio,
    tested=True,
    margin=Margin(default=0.5, largest=100, meaning="The same for PSNR, in dB."),
    # About the mean of those that the paper prints.
    assumed_sd=1.3,
)
