"""Augmentation of intensities: the slices of each step look as if another scanner had made them.

What the hospital's CE would share, and the network can see in T1w, is done to all three images
alike; all else to T1w and T2w alone, each by itself, so that CE stays what T1w and T2w can tell.

| transform | T1w, T2w | CE | because |
|---|---|---|---|
| gamma, gain | each its own | no | CE's own are not to be seen in T1w and T2w |
| bias field | the same in all | the same | the coils of one examination, not to be removed |
| blur | the same in all | the same | the matrix of one examination, not to be sharpened |
| noise | each its own | no | it cannot be predicted: a model that errs least predicts none |

A gain itself is undone by every normalization of this study; what is drawn stands for what it
leaves, as where another bright structure is the volume's maximum. The transforms and their order
are those of nnU-Net (Isensee et al., Nat Methods 18, 2021), with MONAI's bias field (Van Leemput et
al., IEEE TMI 18(10), 1999); the ranges are of their size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gfce.repairs.draws import (
    INPUTS,
    PROBABILITY,
    air,
    applied,
    between,
    factor,
    happens,
    white_noise,
)
from gfce.repairs.method import Method, Option, Options

if TYPE_CHECKING:
    from torch import Tensor

DEGREE = 3
"""Of the polynomials of a bias field's logarithm."""


def augment(images: Tensor, options: Options, rng: np.random.Generator) -> Tensor:
    """Change the T1w, T2w and CE slice of a patient, (image, row, column), in network units."""
    changed = images.clone()
    for index in range(INPUTS):
        changed[index] = _contrast(images[index], options, rng)
    if happens(rng, options["probability"]):
        changed = _shaded(changed, options["bias"], rng)
    if happens(rng, options["probability"]):
        changed = _blurred(changed, between(rng, 0, options["blur"]))
    for index in range(INPUTS):
        if happens(rng, options["probability"]):
            sd = between(rng, 0, options["noise"]) * images[index].std()
            changed[index] += sd * white_noise(images[index], rng)
    return changed


def _contrast(image: Tensor, options: Options, rng: np.random.Generator) -> Tensor:
    """An image (row, column) with another gamma and another gain."""
    from monai.transforms.intensity.array import AdjustContrast

    if happens(rng, options["probability"]):
        image = applied(AdjustContrast(factor(rng, options["gamma"])), image)
    if happens(rng, options["probability"]):
        image = (image - image.min()) * factor(rng, options["gain"]) + image.min()
    return image


def _shaded(images: Tensor, largest: float, rng: np.random.Generator) -> Tensor:
    """Images under one bias field, whose mean is 1."""
    from monai.transforms.intensity.array import RandBiasField

    field_of = RandBiasField(DEGREE, (-largest, largest), prob=1.0)
    field_of.set_random_state(state=np.random.RandomState(rng.integers(2**32)))
    field = applied(field_of, images.new_ones((1, *images.shape[1:])))
    return (images - air(images)) * (field / field.mean()) + air(images)


def _blurred(images: Tensor, sigma: float) -> Tensor:
    """Images under a Gaussian of so many pixels; beyond their edges is air."""
    from monai.transforms.intensity.array import GaussianSmooth

    return applied(GaussianSmooth(sigma), images - air(images)) + air(images)


METHOD = Method(
    title="Augmentation of intensities",
    needs="nothing",
    options={
        "probability": PROBABILITY,
        "gamma": Option(
            default=0.4, meaning="largest change of gamma, as a logarithm", low=0.0, high=2.0
        ),
        "gain": Option(
            default=0.25, meaning="largest change of gain, as a logarithm", low=0.0, high=2.0
        ),
        "bias": Option(
            default=0.3,
            meaning="largest coefficient of the Legendre polynomials in the bias field's logarithm",
            low=0.0,
            high=2.0,
        ),
        "blur": Option(default=1.0, meaning="largest SD of the blur, pixels", low=0.0, high=10.0),
        "noise": Option(
            default=0.1, meaning="largest SD of the noise, in SDs of the slice", low=0.0, high=2.0
        ),
    },
    augment=augment,
)
