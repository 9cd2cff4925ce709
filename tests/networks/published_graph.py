"""MMgSN-Net a second time, deliberately naive: the published graph, operation by operation.

Works on a state dict with the released code's names; normalization is batch norm in training mode.
"""

import torch
from torch import Tensor
from torch.nn import functional

Weights = dict[str, Tensor]


def generator(weights: Weights, t1w: Tensor, t2w: Tensor) -> Tensor:
    def convolution(x: Tensor, name: str, padding: int) -> Tensor:
        return functional.conv2d(
            x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=padding
        )

    def block(x: Tensor, conv: str, norm: str, slope: float) -> Tensor:
        x = convolution(x, conv, padding=1)
        x = functional.batch_norm(
            x, None, None, weights[f"{norm}.weight"], weights[f"{norm}.bias"], training=True
        )
        return torch.where(x > 0, x, slope * x)

    def encoder(x: Tensor, name: str) -> Tensor:
        x = block(x, f"{name}.0", f"{name}.1", 0.2)
        return block(x, f"{name}.3", f"{name}.4", 0.2)

    def fuse(a: Tensor, b: Tensor, guide: Tensor | None, name: str, slope: float) -> Tensor:
        x = torch.cat([a + b, a * b, torch.max(a, b)], dim=1)
        x = block(x, f"{name}.layer1.0", f"{name}.layer1.1", slope)
        if guide is not None:
            x = torch.cat([x, guide], dim=1)
        return block(x, f"{name}.layer2.0", f"{name}.layer2.1", slope)

    def attention(x: Tensor, name: str) -> Tensor:
        query, key, value = (
            convolution(x, f"{name}.{part}_conv", padding=0).flatten(2)
            for part in ("query", "key", "value")
        )
        scores = torch.bmm(query.transpose(1, 2), key)
        attended = torch.bmm(value, torch.softmax(scores, dim=-1).transpose(1, 2))
        return weights[f"{name}.gamma"] * attended.reshape(x.shape) + x

    def pool(x: Tensor) -> Tensor:
        return functional.max_pool2d(x, 2)

    def double(x: Tensor) -> Tensor:
        return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)

    def full(x: Tensor) -> Tensor:
        return functional.interpolate(x, t1w.shape[2:], mode="bilinear", align_corners=True)

    e1a, e1b = encoder(t1w, "down_1_0"), encoder(t2w, "down_1_1")
    f1 = fuse(e1a, e1b, None, "down_fu_1", 0.2)
    f1m, f1mm = pool(f1), pool(pool(f1))
    e2a = encoder(torch.cat([pool(e1a), f1m], dim=1), "down_2_0")
    e2b = encoder(torch.cat([pool(e1b), f1m], dim=1), "down_2_1")
    f2m = pool(fuse(e2a, e2b, f1m, "down_fu_2", 0.2))
    e3a = encoder(torch.cat([pool(e2a), f2m, f1mm], dim=1), "down_3_0")
    e3b = encoder(torch.cat([pool(e2b), f2m, f1mm], dim=1), "down_3_1")
    f3 = fuse(e3a, e3b, f2m, "down_fu_3", 0.2)
    f4 = block(f3, "down_fu_4.0", "down_fu_4.1", 0.2)
    d1 = block(f4, "deconv_1_0.0", "deconv_1_0.1", 0.0)
    d2 = fuse(e3a, e3b, d1, "deconv_2_0", 0.0)
    d3 = attention(fuse(e2a, e2b, double(d2), "deconv_3_0", 0.0), "attn_deconv_3_0")
    d4 = fuse(e1a, e1b, double(d3), "deconv_4_0", 0.0)
    d5 = block(d4, "deconv_5_0.0", "deconv_5_0.1", 0.0)
    scales = torch.cat([d5, full(d1), full(d2), full(d3), d4], dim=1)
    return torch.tanh(convolution(scales, "out.0", padding=0))
