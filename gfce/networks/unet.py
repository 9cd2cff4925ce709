"""A U-Net generator (Ronneberger et al., 2015; MONAI's BasicUNet), trained with L1 alone."""

from __future__ import annotations

import torch
from monai.networks.nets.basic_unet import BasicUNet
from torch import Tensor, nn
from torch.nn import functional

from gfce.config import Network
from gfce.networks.architecture import Architecture
from gfce.networks.layers import initialize, norm_factory, replace_batch_norms

ARCHITECTURE = Architecture(parameters=7700, work=0.4)
"""Any width and any matrix, which is padded. The generator has 31,112,641 weights at n = 64,
which is 7596 n^2; its operations are counted on slices of 128 x 112 at n = 32."""

EPS = 1e-5
SLOPE = 0.2
MULTIPLE = 16
"""Four poolings: rows and columns are padded to a multiple of this."""
SMALLEST = 32
"""Rows and columns that leave the last level 2 x 2 pixels, whose statistics can be normalized."""


class UNet(nn.Module):
    """T1w and T2w as two channels; five levels of two 3x3 convolutions, n to 16n feature maps.

    As in the generator of pix2pix, activations are LeakyReLU(0.2) and levels are joined by
    concatenation; unlike in pix2pix, levels are pooled and no dropout makes the output random.
    """

    def __init__(self, network: Network, *, bounded: bool) -> None:
        """Build the network with random weights.

        Args:
            network: its width n and normalization layer.
            bounded: whether the output is in [-1, 1] (tanh) or any number (linear).
        """
        super().__init__()
        n = network.width
        self.levels = BasicUNet(
            spatial_dims=2,
            in_channels=2,
            out_channels=1,
            features=(n, 2 * n, 4 * n, 8 * n, 16 * n, n),
            act=("leakyrelu", {"negative_slope": SLOPE, "inplace": True}),
            norm="batch",
        )
        # Taken out of the levels to be computed in float32.
        self.output, self.levels.final_conv = self.levels.final_conv, nn.Identity()
        for level in range(1, 5):
            # Sizes fit already, and padding by 0 pixels is not deterministic on a GPU.
            getattr(self.levels, f"upcat_{level}").is_pad = False
        self.bounded = bounded
        replace_batch_norms(self, norm_factory(network.norm_layer, EPS))
        initialize(self)

    def forward(self, t1w: Tensor, t2w: Tensor) -> Tensor:
        """Synthesize CE slices.

        Args:
            t1w: normalized slices, (slice, 1, row, column), of any size.
            t2w: as t1w.

        Returns:
            Normalized CE slices of the same shape.
        """
        rows, columns = t1w.shape[2:]
        features = self.levels(_padded(torch.cat([t1w, t2w], dim=1)))[..., :rows, :columns]
        with torch.autocast(features.device.type, enabled=False):
            # float32 also under autocast: bfloat16 would round the intensities of the image.
            output: Tensor = self.output(features.float())
            return torch.tanh(output) if self.bounded else output


def _padded(images: Tensor) -> Tensor:
    """Images with their last row and column repeated up to a size that can be halved four times."""
    rows, columns = (max(SMALLEST, -(-n // MULTIPLE) * MULTIPLE) - n for n in images.shape[2:])
    return functional.pad(images, (0, columns, 0, rows), "replicate") if rows | columns else images


def build(network: Network, bounded: bool) -> tuple[nn.Module, None]:
    """The generator, without a discriminator (arguments and errors as `registry.build`)."""
    return UNet(network, bounded=bounded), None
