"""MMgSN-Net and its training as most groups write them: what benchmarks/training.py compares with.

The published graph operation by operation, with the layers' names of the released code, so that
`gfce.networks.released_weights.NAMES` carries weights between this network and ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset


def _block(inputs: int, outputs: int, activation: nn.Module) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), activation]


def _encoder(inputs: int, outputs: int) -> nn.Sequential:
    layers = [(inputs, outputs), (outputs, outputs)]
    return nn.Sequential(
        *(layer for pair in layers for layer in _block(*pair, nn.LeakyReLU(0.2, inplace=True)))
    )


class Fusion(nn.Module):
    """Fusion of two modalities' features, guided by others."""

    def __init__(self, channels: int, guides: int, outputs: int, slope: float) -> None:
        super().__init__()
        activation = nn.LeakyReLU(slope, inplace=True) if slope else nn.ReLU(inplace=True)
        self.layer1 = nn.Sequential(*_block(3 * channels, channels, activation))
        self.layer2 = nn.Sequential(*_block(channels + guides, outputs, activation))

    def forward(self, a: Tensor, b: Tensor, guide: Tensor | None = None) -> Tensor:
        """Fuse a and b, each (slice, channel, row, column)."""
        merged = self.layer1(torch.cat([a + b, a * b, torch.max(a, b)], dim=1))
        return self.layer2(merged if guide is None else torch.cat([merged, guide], dim=1))


class Attention(nn.Module):
    """Self-attention with its whole map of scores, as in the code of SAGAN; `fused` is torch's."""

    def __init__(self, channels: int, *, fused: bool) -> None:
        super().__init__()
        self.fused = fused
        self.query_conv = nn.Conv2d(channels, channels // 8, 1)
        self.key_conv = nn.Conv2d(channels, channels // 8, 1)
        self.value_conv = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(slice, channel, row, column) to the same shape."""
        query, key, value = (
            layer(x).flatten(2) for layer in (self.query_conv, self.key_conv, self.value_conv)
        )
        if self.fused:
            query, key, value = (t.transpose(1, 2).unsqueeze(1) for t in (query, key, value))
            # Heads of one size, or torch falls back on the whole map.
            padding = (0, value.shape[-1] - query.shape[-1])
            query, key = functional.pad(query, padding), functional.pad(key, padding)
            attended = functional.scaled_dot_product_attention(query, key, value, scale=1.0)
            return self.gamma * attended.transpose(2, 3).reshape(x.shape) + x
        weights = torch.softmax(torch.bmm(query.transpose(1, 2), key), dim=-1)
        attended = torch.bmm(value, weights.transpose(1, 2))
        return self.gamma * attended.view_as(x) + x


class Generator(nn.Module):
    """MMgSN-Net's generator of width n; `fused` is its attention's."""

    def __init__(self, n: int, *, fused: bool = False) -> None:
        super().__init__()
        for modality in "01":
            setattr(self, f"down_1_{modality}", _encoder(1, n))
            setattr(self, f"down_2_{modality}", _encoder(3 * n, 2 * n))
            setattr(self, f"down_3_{modality}", _encoder(8 * n, 4 * n))
        self.down_fu_1 = Fusion(n, 0, 2 * n, 0.2)
        self.down_fu_2 = Fusion(2 * n, 2 * n, 4 * n, 0.2)
        self.down_fu_3 = Fusion(4 * n, 4 * n, 4 * n, 0.2)
        self.down_fu_4 = nn.Sequential(*_block(4 * n, 8 * n, nn.LeakyReLU(0.2, inplace=True)))
        self.deconv_1_0 = nn.Sequential(*_block(8 * n, 4 * n, nn.ReLU(inplace=True)))
        self.deconv_2_0 = Fusion(4 * n, 4 * n, 2 * n, 0.0)
        self.deconv_3_0 = Fusion(2 * n, 2 * n, n, 0.0)
        self.attn_deconv_3_0 = Attention(n, fused=fused)
        self.deconv_4_0 = Fusion(n, n, n, 0.0)
        self.deconv_5_0 = nn.Sequential(*_block(n, n, nn.ReLU(inplace=True)))
        self.out = nn.Sequential(nn.Conv2d(9 * n, 1, 1), nn.Tanh())
        self.pool = nn.MaxPool2d(2)
        self.enlarge = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, t1w: Tensor, t2w: Tensor) -> Tensor:
        """Synthesise CE slices of T1w and T2w slices, each (slice, 1, row, column)."""

        def full(x: Tensor) -> Tensor:
            return functional.interpolate(x, t1w.shape[2:], mode="bilinear", align_corners=True)

        a1, b1 = self.down_1_0(t1w), self.down_1_1(t2w)
        f1 = self.pool(self.down_fu_1(a1, b1))
        a2 = self.down_2_0(torch.cat([self.pool(a1), f1], dim=1))
        b2 = self.down_2_1(torch.cat([self.pool(b1), f1], dim=1))
        f2 = self.pool(self.down_fu_2(a2, b2, f1))
        a3 = self.down_3_0(torch.cat([self.pool(a2), f2, self.pool(f1)], dim=1))
        b3 = self.down_3_1(torch.cat([self.pool(b2), f2, self.pool(f1)], dim=1))
        d1 = self.deconv_1_0(self.down_fu_4(self.down_fu_3(a3, b3, f2)))
        d2 = self.deconv_2_0(a3, b3, d1)
        d3 = self.attn_deconv_3_0(self.deconv_3_0(a2, b2, self.enlarge(d2)))
        d4 = self.deconv_4_0(a1, b1, self.enlarge(d3))
        scales = [self.deconv_5_0(d4), full(d1), full(d2), full(d3), d4]
        return self.out(torch.cat(scales, dim=1))


class Discriminator(nn.Module):
    """MMgSN-Net's discriminator."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, 32), (32, 64), (64, 128), (128, 256)):
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs, 0.8)]
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        self.model = nn.Sequential(*layers, nn.Conv2d(256, 1, 3))

    def forward(self, images: Tensor) -> Tensor:
        """Judge CE slices (slice, 1, row, column)."""
        return self.model(images)


class SliceFiles(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """One file a slice, (modality, row, column), read when it is asked for."""

    def __init__(self, folder: Path, slices: np.ndarray) -> None:
        self.paths = [folder / f"{index}.npy" for index in range(slices.shape[1])]
        for index, path in enumerate(self.paths):
            np.save(path, slices[:, index])

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        t1w, t2w, ce = torch.from_numpy(np.load(self.paths[index])).unsqueeze(1)
        return t1w, t2w, ce


class PlainTraining:
    """Generator, discriminator and their optimizers; `step` is the textbook's."""

    def __init__(self, width: int, device: torch.device, *, fused: bool = False) -> None:
        self.device = device
        self.generator = Generator(width, fused=fused).to(device)
        self.discriminator = Discriminator().to(device)
        self.optimizers = [
            torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.5, 0.999))
            for network in (self.generator, self.discriminator)
        ]

    def step(self, batch: list[Tensor]) -> dict[str, float]:
        """One step; its losses, as a loop that prints them has to fetch them."""
        t1w, t2w, real = (images.to(self.device) for images in batch)
        generator_optimizer, discriminator_optimizer = self.optimizers
        fake = self.generator(t1w, t2w)
        adversarial = ((self.discriminator(fake) - 1) ** 2).mean()
        l1 = (fake - real).abs().mean()
        generator_optimizer.zero_grad()
        (adversarial + 100 * l1).backward()
        generator_optimizer.step()
        judged_real, judged_fake = self.discriminator(real), self.discriminator(fake.detach())
        loss = 0.5 * (((judged_real - 1) ** 2).mean() + (judged_fake**2).mean())
        discriminator_optimizer.zero_grad()
        loss.backward()
        discriminator_optimizer.step()
        return {"l1": l1.item(), "adversarial": adversarial.item(), "discriminator": loss.item()}


def endless(folder: Path, slices: np.ndarray) -> Iterator[list[Tensor]]:
    """Batches of one slice, read from files, for ever."""
    loader = DataLoader(SliceFiles(folder, slices), batch_size=1)
    while True:
        yield from loader
