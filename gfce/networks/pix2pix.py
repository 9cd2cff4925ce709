"""pix2pix (Isola et al., 2017): the U-Net, judged by a conditional PatchGAN (MONAI's)."""

from __future__ import annotations

import torch
from monai.networks.nets.patchgan_discriminator import PatchDiscriminator
from torch import Tensor, nn

from gfce.config import Network
from gfce.networks.architecture import Architecture
from gfce.networks.discriminators import check_size
from gfce.networks.layers import initialize, norm_factory, replace_batch_norms
from gfce.networks.unet import UNet

ARCHITECTURE = Architecture(smallest_matrix=24, parameters=7700, work=0.45)
"""24 rows and columns leave the discriminator one judgement. The generator is the U-Net's; the
operations of both networks are counted on slices of 128 x 112 at n = 32."""

EPS = 1e-5


class ConditionalPatchDiscriminator(nn.Module):
    """Judges patches of 70 x 70 pixels of a CE slice, together with its T1w and T2w."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.patches = PatchDiscriminator(
            spatial_dims=2, channels=network.width, in_channels=3, num_layers_d=3, norm="batch"
        )
        replace_batch_norms(self, norm_factory(network.norm_layer, EPS))
        initialize(self)

    def forward(self, images: Tensor, t1w: Tensor, t2w: Tensor) -> Tensor:
        """Judge CE slices.

        Args:
            images: real or synthetic normalized CE slices, (slice, 1, row, column).
            t1w: the inputs they belong to, of the same shape.
            t2w: as t1w.

        Returns:
            Judgements, 1 for real: (slice, 1, row, column), 30 x 26 of them for 256 x 224 pixels.

        Raises:
            UserError: the slices are too small.
        """
        check_size(images, ARCHITECTURE.smallest_matrix)
        judgements: Tensor = self.patches(torch.cat([images, t1w, t2w], dim=1))[-1]
        return judgements


def build(network: Network, bounded: bool) -> tuple[nn.Module, nn.Module]:
    """The generator and its discriminator (arguments and errors as `registry.build`)."""
    return UNet(network, bounded=bounded), ConditionalPatchDiscriminator(network)
