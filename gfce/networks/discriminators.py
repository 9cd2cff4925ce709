"""Discriminators: networks that judge patches of a slice as real or synthetic."""

from __future__ import annotations

from torch import Tensor, nn

from gfce.errors import UserError
from gfce.networks.layers import ConvBlock, NormLayer, initialize, norm_factory

EPS = 0.8
SLOPE = 0.2
CHANNELS = (32, 64, 128, 256)
KERNEL = 3
"""Rows and columns of the last convolution."""
SMALLEST = (KERNEL - 1) * 2 ** len(CHANNELS) + 1
"""Rows and columns that `PatchDiscriminator` halves, rounding up, to those of its last
convolution."""


class PatchDiscriminator(nn.Module):
    """MMgSN-Net's discriminator: four halvings, then one judgement per patch; unconditional."""

    def __init__(self, norm_layer: NormLayer) -> None:
        super().__init__()
        norm = norm_factory(norm_layer, EPS)
        self.blocks = nn.Sequential(
            *(
                ConvBlock(inputs, outputs, norm, SLOPE, stride=2)
                for inputs, outputs in zip((1, *CHANNELS), CHANNELS, strict=False)
            )
        )
        self.output = nn.Conv2d(CHANNELS[-1], 1, kernel_size=KERNEL)
        initialize(self)

    def forward(self, images: Tensor, t1w: Tensor, t2w: Tensor) -> Tensor:
        """Judge CE slices.

        Args:
            images: real or synthetic normalized CE slices, (slice, 1, row, column).
            t1w: the inputs they belong to, which only a conditional discriminator looks at.
            t2w: as t1w.

        Returns:
            Judgements, 1 for real: (slice, 1, row, column), 14 x 12 of them for 256 x 224 pixels.

        Raises:
            UserError: the slices are too small.
        """
        check_size(images, SMALLEST)
        judgements: Tensor = self.output(self.blocks(images))
        return judgements


def check_size(images: Tensor, smallest: int) -> None:
    """Refuse slices (slice, channel, row, column) too small for a discriminator's convolutions.

    Raises:
        UserError: the slices have fewer rows or columns than `smallest`.
    """
    rows, columns = images.shape[2:]
    if min(rows, columns) < smallest:
        raise UserError(
            f"slices of {rows} x {columns} pixels: the discriminator needs at least "
            f"{smallest} x {smallest}: enlarge images.matrix"
        )
