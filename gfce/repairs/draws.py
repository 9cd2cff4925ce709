"""What augmentations share: numbers by chance, and signals as they are above air.

A normalization is a rising map of intensity, so that in network units, too, the darkest pixel of a
slice with any air is air. What acts on signals (gains, sensitivities, noise) acts on the difference
from it. Nothing here imports torch: tensors bring their methods with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gfce.repairs.method import Option

if TYPE_CHECKING:
    from torch import Tensor


INPUTS = 2
"""T1w and T2w come before CE."""
PROBABILITY = Option(
    default=0.5, meaning="probability of each transform, in each step", low=0.0, high=1.0
)


def happens(rng: np.random.Generator, probability: float) -> bool:
    """Whether something of a probability happens this time."""
    return bool(rng.random() < probability)


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number, all between two limits equally likely."""
    return float(rng.uniform(low, high))


def factor(rng: np.random.Generator, largest: float) -> float:
    """A positive factor whose logarithm is at most `largest` to either side."""
    return float(np.exp(rng.uniform(-largest, largest)))


def air(images: Tensor) -> Tensor:
    """The level of air of each image, (image, 1, 1), of images (image, row, column)."""
    return images.amin(dim=(-2, -1), keepdim=True)


def white_noise(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Standard normal noise, as large as the images and where they are."""
    noise = rng.standard_normal(tuple(images.shape), dtype=np.float32)
    return images.new_tensor(noise)


def applied(transform: Callable[[Tensor], Any], images: Tensor) -> Tensor:
    """Images (image, row, column) after a transform of MONAI, as a plain tensor."""
    changed: Tensor = transform(images).as_tensor()
    return changed
