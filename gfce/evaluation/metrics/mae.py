"""Mean absolute error."""

from __future__ import annotations

import numpy as np

from gfce.evaluation.metric import Images, Margin, Metric, errors
from gfce.images.arrays import Mask


def mean_absolute_error(images: Images, region: Mask) -> float:
    """MAE = mean |y - f(x)| over a region (study eq. 3)."""
    return float(np.abs(images.once(errors)[region]).mean())


METRIC = Metric(
    name="mae",
    stem="mae",
    title="MAE × 10³",
    unit="1",
    description="Mean absolute error, on the scale [0, 1] (eq. 3)",
    higher_is_better=False,
    rank=1,
    score=mean_absolute_error,
    print_factor=1000.0,
    smallest=0,
    tested=True,
    margin=Margin(
        default=0.0025,
        largest=1,
        meaning="Largest difference in internal MAE (scale [0, 1]) between a pooled and a "
        "single-institution\nmodel that still counts as the same accuracy (a tenth of the paper's "
        "internal MAE).",
    ),
    # About the mean of those that the paper prints.
    assumed_sd=0.007,
)
