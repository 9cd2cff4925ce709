"""Each block against a deliberately naive second implementation."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gfce.networks.layers import (
    ConvBlock,
    FusionBlock,
    InstanceNorm,
    SelfAttention,
    _Fuse,
    initialize,
    norm_factory,
    upsample,
)


def maps(*shape: int) -> Tensor:
    random = torch.randn(shape).contiguous(memory_format=torch.channels_last)
    return random.requires_grad_()


def assert_same(ours: Tensor, naive: Tensor, *inputs: Tensor) -> None:
    """Same values and same gradients with regard to the inputs."""
    torch.testing.assert_close(ours, naive, rtol=1e-5, atol=1e-5)
    cotangent = torch.randn_like(ours)
    got = torch.autograd.grad(ours, inputs, cotangent, retain_graph=True)
    expected = torch.autograd.grad(naive, inputs, cotangent)
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def randomize(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


@pytest.mark.parametrize("eps", [1e-5, 0.8])
def test_instance_norm_is_batch_norm_in_training_mode_at_batch_size_1(eps: float) -> None:
    ours, naive = randomize(InstanceNorm(6, eps)), nn.BatchNorm2d(6, eps).train()
    naive.load_state_dict(ours.state_dict(), strict=False)
    x = maps(1, 6, 8, 12)
    assert_same(ours(x), naive(x), x)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("eps", [1e-5, 0.8])
def test_instance_norm_by_hand(batch: int, eps: float) -> None:
    ours = randomize(InstanceNorm(5, eps))
    x = maps(batch, 5, 8, 12)
    mean = x.mean((2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((2, 3), keepdim=True)
    naive = (x - mean) / (variance + eps).sqrt()
    naive = naive * ours.weight.view(1, 5, 1, 1) + ours.bias.view(1, 5, 1, 1)
    assert_same(ours(x), naive, x)
    assert torch.equal(ours(x), ours.eval()(x))


def test_instance_norm_does_not_mix_slices() -> None:
    norm = InstanceNorm(4, 1e-5)
    x = maps(3, 4, 8, 8)
    assert torch.equal(norm(x)[1:2], norm(x[1:2]))


def test_batch_norm_uses_running_statistics_in_inference() -> None:
    norm = norm_factory("batch", 1e-5)(2)
    for _ in range(200):
        norm(5 + 3 * torch.randn(2, 2, 16, 16))
    norm.eval()
    assert abs(norm(torch.full((1, 2, 4, 4), 5.0)).mean().item()) < 0.05


@pytest.mark.parametrize("slope", [0.0, 0.2])
@pytest.mark.parametrize("stride", [1, 2])
def test_conv_block(slope: float, stride: int) -> None:
    block = randomize(ConvBlock(3, 5, norm_factory("instance", 1e-5), slope, stride))
    x = maps(1, 3, 12, 8)
    y = functional.conv2d(x, block.conv.weight, block.conv.bias, stride=stride, padding=1)
    y = functional.batch_norm(y, None, None, block.norm.weight, block.norm.bias, training=True)
    assert_same(block(x), torch.where(y > 0, y, slope * y), x)


@pytest.mark.parametrize("guides", [0, 3])
def test_fusion_block(guides: int) -> None:
    block = randomize(FusionBlock(4, guides, 6, norm_factory("instance", 1e-5), 0.2))
    a, b, guide = maps(2, 4, 8, 8), maps(2, 4, 8, 8), maps(2, 3, 8, 8)
    merged = block.merge(torch.cat([a + b, a * b, torch.max(a, b)], dim=1))
    if guides:
        naive = block.project(torch.cat([merged, guide], dim=1))
        assert_same(block(a, b, guide), naive, a, b, guide)
    else:
        assert_same(block(a, b), block.project(merged), a, b)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_fusion_does_not_change_the_gradient_that_it_receives(layout: torch.memory_format) -> None:
    a, b = (maps(1, 2, 4, 4).contiguous(memory_format=layout) for _ in "ab")
    gradient = torch.randn(1, 6, 4, 4).contiguous(memory_format=layout)
    kept = gradient.clone()
    to_a, to_b = torch.autograd.grad(_Fuse.apply(a, b), (a, b), gradient)
    assert torch.equal(gradient, kept)
    torch.testing.assert_close(to_a + to_b, 2 * kept[:, :2] + kept[:, 2:4] * (a + b) + kept[:, 4:])


@pytest.mark.parametrize("channels", [8, 16, 64])
@pytest.mark.parametrize("batch", [1, 2])
def test_self_attention_is_an_unscaled_softmax_over_keys(channels: int, batch: int) -> None:
    attention = SelfAttention(channels)
    nn.init.constant_(attention.gamma, 0.7)
    x = maps(batch, channels, 6, 10)
    query, key, value = (
        layer(x).reshape(batch, -1, 60)
        for layer in (attention.query, attention.key, attention.value)
    )
    weights = torch.softmax(torch.einsum("bcq,bck->bqk", query, key), dim=2)
    naive = torch.einsum("bqk,bck->bcq", weights, value).reshape(x.shape)
    assert_same(attention(x), 0.7 * naive + x, x)


def test_self_attention_starts_as_the_identity() -> None:
    x = maps(1, 8, 6, 6)
    assert torch.equal(SelfAttention(8)(x), x)


@pytest.mark.parametrize("size", [(24, 20), (48, 40), (12, 10)])
def test_upsample_is_bilinear_with_aligned_corners(size: tuple[int, int]) -> None:
    x = maps(2, 1, 12, 10)
    naive = functional.interpolate(x, size, mode="bilinear", align_corners=True)
    assert_same(upsample(x, torch.Size(size)), naive, x)


def test_upsample_can_be_trained_after_inference() -> None:
    with torch.inference_mode():
        upsample(torch.zeros(1, 1, 7, 7), torch.Size((28, 28)))
    x = maps(1, 1, 7, 7)
    upsample(x, torch.Size((28, 28))).sum().backward()
    assert x.grad is not None


def test_initialization() -> None:
    network = nn.Sequential(nn.Conv2d(64, 64, 3), InstanceNorm(4096, 1e-5), nn.BatchNorm2d(4096))
    initialize(network)
    convolution, *norms = network
    assert convolution.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert abs(convolution.weight.mean().item()) < 1e-3
    for norm in norms:
        assert norm.weight.mean().item() == pytest.approx(1, abs=2e-3)
        assert norm.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert all(not layer.bias.any() for layer in network)
