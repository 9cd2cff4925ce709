"""Deep stacked transformations (BigAug): nine transforms, one after the other, each by chance.

Source: Zhang et al., Generalizing deep learning for medical image segmentation to unseen domains
via deep stacked transformation, IEEE TMI 39(7), 2020. In its order: sharpness, blurriness, noise
(image quality); brightness, contrast, perturbation (appearance); rotation, scaling, deformation
(shape). Each happens with a probability of 0.5.

There the target is a segmentation, which quality and appearance leave as it is. Likewise here: they
are drawn for T1w and T2w, for each by itself, and CE keeps its own. Shape is the same for all three
images, which stay aligned, and is resampled once.

The ranges are those that the paper is implemented with for TorchIO (kari-jg, BigAug_torchio, on
GitHub), in SDs of the slice where they are intensities; the paper was not at hand. Sharpened slices
are clipped to the range that they had. The deformation is MONAI's, of a lattice of control points,
in place of a smoothed noise; its size is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gfce.repairs.draws import INPUTS, air, applied, between, happens, white_noise
from gfce.repairs.method import Method, Option, Options

if TYPE_CHECKING:
    from torch import Tensor

SIGMA = (0.25, 1.5)
"""SD of the Gaussians of sharpness and blurriness, pixels."""
SHARPNESS = (10.0, 30.0)
"""Weight of what the Gaussian takes away."""
NOISE = (0.1, 1.0)
"""Its SD, in SDs of the slice."""
SHIFT = (-0.1, 0.1)
"""Brightness and both parts of a perturbation: SDs of the slice, or part of the contrast."""
GAMMA = (0.5, 4.5)
ROTATION = (-20.0, 20.0)
"""Degrees."""
SCALE = (0.4, 1.6)
LATTICE = 7
"""Control points along a side of the slice."""
DEFORMATION = (0.0, 0.02)
"""SD of the control points' shifts, as part of the slice's longer side."""


def augment(images: Tensor, options: Options, rng: np.random.Generator) -> Tensor:
    """Change the T1w, T2w and CE slice of a patient, (image, row, column), in network units."""
    probability = options["probability"]
    changed = images.clone()
    for index in range(INPUTS):
        for transform in (*QUALITY, *APPEARANCE):
            if happens(rng, probability):
                changed[index] = transform(changed[index], rng)
    return _reshaped(changed, probability, rng)


def _sharper(image: Tensor, rng: np.random.Generator) -> Tensor:
    from monai.transforms.intensity.array import GaussianSharpen

    sharpen = GaussianSharpen(between(rng, *SIGMA), between(rng, *SIGMA), between(rng, *SHARPNESS))
    sharp = applied(sharpen, image[None] - image.min())[0] + image.min()
    return sharp.clamp(image.min(), image.max())


def _blurrier(image: Tensor, rng: np.random.Generator) -> Tensor:
    from monai.transforms.intensity.array import GaussianSmooth

    smooth = GaussianSmooth(between(rng, *SIGMA))
    return applied(smooth, image[None] - image.min())[0] + image.min()


def _noisier(image: Tensor, rng: np.random.Generator) -> Tensor:
    return image + between(rng, *NOISE) * image.std() * white_noise(image, rng)


def _brighter(image: Tensor, rng: np.random.Generator) -> Tensor:
    return image + between(rng, *SHIFT) * image.std()


def _in_contrast(image: Tensor, rng: np.random.Generator) -> Tensor:
    from monai.transforms.intensity.array import AdjustContrast

    return applied(AdjustContrast(between(rng, *GAMMA)), image)


def _perturbed(image: Tensor, rng: np.random.Generator) -> Tensor:
    scale, shift = between(rng, *SHIFT), between(rng, *SHIFT)
    return image + scale * (image - image.mean()) + shift * image.std()


QUALITY = (_sharper, _blurrier, _noisier)
APPEARANCE = (_brighter, _in_contrast, _perturbed)


def _reshaped(images: Tensor, probability: float, rng: np.random.Generator) -> Tensor:
    """Images rotated, scaled and deformed alike; what comes from beyond their edges is air."""
    from monai.transforms.spatial.array import Rand2DElastic

    angle = between(rng, *ROTATION) if happens(rng, probability) else 0.0
    scale = between(rng, *SCALE) if happens(rng, probability) else 1.0
    size = between(rng, *DEFORMATION) if happens(rng, probability) else 0.0
    if (angle, scale, size) == (0.0, 1.0, 0.0):
        return images
    longer = max(images.shape[1:])
    turn, shrink, shift = np.deg2rad(angle), 1 / scale - 1, size * longer
    warp = Rand2DElastic(
        spacing=longer / LATTICE,
        magnitude_range=(shift, shift),
        prob=1.0,
        rotate_range=((turn, turn),),
        scale_range=((shrink, shrink), (shrink, shrink)),  # of the grid: 0 is none
        padding_mode="zeros",
        device=images.device,
    )
    warp.set_random_state(state=np.random.RandomState(rng.integers(2**32)))
    return applied(warp, images - air(images)) + air(images)


METHOD = Method(
    title="Deep stacked transformations",
    needs="nothing",
    options={
        "probability": Option(
            default=0.5,
            meaning="probability of each of the nine transforms, in each step",
            low=0.0,
            high=1.0,
        ),
    },
    augment=augment,
)
