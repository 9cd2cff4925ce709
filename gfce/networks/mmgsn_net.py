"""MMgSN-Net's generator (W. Li et al., 2022, Int J Radiat Oncol Biol Phys)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gfce.config import Network
from gfce.errors import UserError
from gfce.networks.architecture import Architecture
from gfce.networks.discriminators import PatchDiscriminator
from gfce.networks.layers import (
    ConvBlock,
    FusionBlock,
    NormFactory,
    SelfAttention,
    initialize,
    norm_factory,
    upsample,
)

ARCHITECTURE = Architecture(
    width_multiple=8, matrix_multiple=4, smallest_matrix=33, parameters=3500, work=1.0
)
"""The attention's queries have an eighth of the n channels; maps are halved twice; 33 rows and
columns are the discriminator's `SMALLEST`. The generator has 14,065,362 weights at n = 64, which is
3434 n^2; the work of the other networks is given in units of its own."""

EPS = 1e-5
ENCODER_SLOPE = 0.2
DECODER_SLOPE = 0.0


class MMgSNNet(nn.Module):
    """Modality-guided synergistic neural network: two encoders that guide each other.

    Features of the two modalities are fused at each of three levels, and the fused features are
    fed back into both encoders (the synergistic guidance system) and into the decoder. The output
    sees every decoder scale (the multi-level module).
    """

    def __init__(self, network: Network, *, bounded: bool) -> None:
        """Build the network with random weights.

        Args:
            network: its width n (paper: 64; divisible by 8) and normalization layer.
            bounded: whether the output is in [-1, 1] (tanh) or any number (linear).
        """
        super().__init__()
        n, norm = network.width, norm_factory(network.norm_layer, EPS)
        if n % ARCHITECTURE.width_multiple:
            raise UserError(
                f"width {n}: MMgSN-Net needs one divisible by {ARCHITECTURE.width_multiple}"
            )
        self.encoder_t1w = _encoder(n, norm)
        self.encoder_t2w = _encoder(n, norm)
        self.fusion_1 = FusionBlock(n, 0, 2 * n, norm, ENCODER_SLOPE)
        self.fusion_2 = FusionBlock(2 * n, 2 * n, 4 * n, norm, ENCODER_SLOPE)
        self.fusion_3 = FusionBlock(4 * n, 4 * n, 4 * n, norm, ENCODER_SLOPE)
        self.bottleneck = ConvBlock(4 * n, 8 * n, norm, ENCODER_SLOPE)
        self.decoder_1 = ConvBlock(8 * n, 4 * n, norm, DECODER_SLOPE)
        self.decoder_2 = FusionBlock(4 * n, 4 * n, 2 * n, norm, DECODER_SLOPE)
        self.decoder_3 = FusionBlock(2 * n, 2 * n, n, norm, DECODER_SLOPE)
        self.attention = SelfAttention(n)
        self.decoder_4 = FusionBlock(n, n, n, norm, DECODER_SLOPE)
        self.decoder_5 = ConvBlock(n, n, norm, DECODER_SLOPE)
        self.output = nn.Conv2d(9 * n, 1, kernel_size=1)
        self.bounded = bounded
        initialize(self)

    def forward(self, t1w: Tensor, t2w: Tensor) -> Tensor:
        """Synthesize CE slices.

        Args:
            t1w: normalized slices, (slice, 1, row, column), sizes divisible by 4.
            t2w: as t1w.

        Returns:
            Normalized CE slices of the same shape.

        Raises:
            UserError: the slices cannot be halved twice.
        """
        _check_size(t1w)
        a1, b1 = self.encoder_t1w[0](t1w), self.encoder_t2w[0](t2w)
        fused_1 = _pool(self.fusion_1(a1, b1))
        a2 = self.encoder_t1w[1](torch.cat([_pool(a1), fused_1], dim=1))
        b2 = self.encoder_t2w[1](torch.cat([_pool(b1), fused_1], dim=1))
        fused_2 = _pool(self.fusion_2(a2, b2, fused_1))
        fused_1 = _pool(fused_1)
        a3 = self.encoder_t1w[2](torch.cat([_pool(a2), fused_2, fused_1], dim=1))
        b3 = self.encoder_t2w[2](torch.cat([_pool(b2), fused_2, fused_1], dim=1))
        fused_3 = self.fusion_3(a3, b3, fused_2)
        d1 = self.decoder_1(self.bottleneck(fused_3))
        d2 = self.decoder_2(a3, b3, d1)
        d3 = self.attention(self.decoder_3(a2, b2, _double(d2)))
        d4 = self.decoder_4(a1, b1, _double(d3))
        return self._output([self.decoder_5(d4), d1, d2, d3, d4])

    def _output(self, scales: list[Tensor]) -> Tensor:
        """The 1x1 convolution of all scales, upsampled bilinearly and concatenated.

        Both are linear and the upsampling's weights add up to 1, so that each scale is reduced to
        one channel first and upsampled then: the same sum with a fraction of the work. It is
        float32 also under autocast, because bfloat16 would round the intensities of the image.
        """
        size = scales[0].shape[2:]
        weights = torch.split(self.output.weight, [maps.shape[1] for maps in scales], dim=1)
        with torch.autocast(scales[0].device.type, enabled=False):
            total = functional.conv2d(scales[0].float(), weights[0], self.output.bias)
            for maps, weight in zip(scales[1:], weights[1:], strict=True):
                total = total + upsample(functional.conv2d(maps.float(), weight), size)
        return torch.tanh(total) if self.bounded else total


def _check_size(slices: Tensor) -> None:
    rows, columns = slices.shape[2:]
    multiple = ARCHITECTURE.matrix_multiple
    if rows % multiple or columns % multiple:
        raise UserError(
            f"slices of {rows} x {columns} pixels: MMgSN-Net needs both divisible by {multiple}: "
            "change images.matrix"
        )


def _encoder(n: int, norm: NormFactory) -> nn.ModuleList:
    """One modality's three levels; levels 2 and 3 also take the fused features of those above."""
    channels = [(1, n), (n + 2 * n, 2 * n), (2 * n + 4 * n + 2 * n, 4 * n)]
    return nn.ModuleList(
        nn.Sequential(
            ConvBlock(inputs, outputs, norm, ENCODER_SLOPE),
            ConvBlock(outputs, outputs, norm, ENCODER_SLOPE),
        )
        for inputs, outputs in channels
    )


def _pool(maps: Tensor) -> Tensor:
    return functional.max_pool2d(maps, kernel_size=2)


def _double(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2, mode="nearest")


def build(network: Network, bounded: bool) -> tuple[nn.Module, nn.Module]:
    """The generator and its discriminator (arguments and errors as `registry.build`)."""
    return MMgSNNet(network, bounded=bounded), PatchDiscriminator(network.norm_layer)
