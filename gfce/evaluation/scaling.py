"""The [0, 1] scale that images are compared on (study decision 4)."""

from __future__ import annotations

import numpy as np

from gfce.images.arrays import Volume

SCALINGS = ("reference", "separate")


def common_scale(real: Volume, synthetic: Volume, scaling: str) -> tuple[Volume, Volume]:
    """Bring a real and a synthetic image, both in raw units (slice, row, column), to [0, 1].

    `reference`: the affine map of the real image's [min, max] to [0, 1] is applied to both, and
    the synthetic one is clipped, so every normalization is scored on the same image at the same
    scale. `separate`: each image is rescaled by its own range.
    """
    low, high = float(real.min()), float(real.max())
    if scaling == "reference":
        return _rescale(real, low, high), np.clip(_rescale(synthetic, low, high), 0, 1)
    return _rescale(real, low, high), _rescale(
        synthetic, float(synthetic.min()), float(synthetic.max())
    )


def _rescale(volume: Volume, low: float, high: float) -> Volume:
    # A synthetic image may be constant (a network that collapsed): it is then all 0.
    span = high - low or 1.0
    return ((volume.astype(np.float64) - low) / span).astype(np.float32)
