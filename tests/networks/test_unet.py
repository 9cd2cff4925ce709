import pytest
import torch
from torch import nn
from torch.nn import functional
from torch_checks import assert_bfloat16_output_is_float32_and_close, random_slices

from gfce.config import Network
from gfce.errors import UserError
from gfce.networks import registry
from gfce.networks.layers import InstanceNorm
from gfce.networks.pix2pix import ConditionalPatchDiscriminator
from gfce.networks.unet import UNet


def options(**changes: object) -> Network:
    return Network.model_validate({"architecture": "pix2pix", "width": 4, **changes})


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def block(n: int, m: int) -> int:
    """Parameters of two 3x3 convolutions from n to m channels, each with an affine norm."""
    return 9 * n * m + 9 * m * m + 2 * m + 4 * m


def test_numbers_of_parameters() -> None:
    widths = [64, 128, 256, 512, 1024]
    down = block(2, 64) + sum(block(n, 2 * n) for n in widths[:4])
    # Each upsampling is a 2x2 transposed convolution; the last one keeps its channels.
    up = sum(4 * n * n // 2 + n // 2 + block(n, n // 2) for n in widths[2:])
    up += 4 * 128 * 128 + 128 + block(192, 64)
    with torch.device("meta"):
        assert count(UNet(options(width=64), bounded=True)) == down + up + 64 + 1
        # Published: C64-C128-C256-C512 of 4x4, no bias before a norm, then one channel.
        inner = sum(16 * n * 2 * n + 2 * 2 * n for n in (64, 128, 256))
        assert count(ConditionalPatchDiscriminator(options(width=64))) == (
            16 * 3 * 64 + 64 + inner + 16 * 512 + 1
        )


def test_discriminator_judges_30_by_26_patches() -> None:
    with torch.device("meta"):
        image = torch.zeros(2, 1, 256, 224)
        judgements = ConditionalPatchDiscriminator(options())(image, image, image)
    assert judgements.shape == (2, 1, 30, 26)


def test_a_judgement_sees_70_by_70_pixels() -> None:
    discriminator = ConditionalPatchDiscriminator(options(norm_layer="batch")).eval()
    image = torch.rand(1, 1, 160, 160, requires_grad=True)
    other = torch.zeros(1, 1, 160, 160)
    (gradient,) = torch.autograd.grad(discriminator(image, other, other)[0, 0, 9, 9], image)
    rows, columns = gradient[0, 0].nonzero(as_tuple=True)
    assert int(rows.max() - rows.min()) + 1 == int(columns.max() - columns.min()) + 1 == 70


@pytest.mark.parametrize("changed", ["t1w", "t2w"])
def test_the_discriminator_of_pix2pix_is_conditional(changed: str) -> None:
    discriminator = ConditionalPatchDiscriminator(options())
    inputs = dict(zip(("t1w", "t2w"), random_slices(1, 1, 32, 32), strict=True))
    image = torch.rand(1, 1, 32, 32)
    other = {**inputs, changed: -inputs[changed]}
    assert not torch.allclose(discriminator(image, **inputs), discriminator(image, **other))


def test_discriminator_refuses_slices_that_are_too_small() -> None:
    small, smallest = torch.zeros(1, 1, 36, 20), torch.zeros(1, 1, 24, 24)
    with pytest.raises(UserError, match=r"36 x 20 .* 24 x 24: enlarge images\.matrix"):
        ConditionalPatchDiscriminator(options())(small, small, small)
    assert ConditionalPatchDiscriminator(options())(smallest, smallest, smallest).numel() == 1


@pytest.mark.parametrize("shape", [(1, 1, 8, 8), (1, 1, 40, 36), (2, 1, 36, 52), (1, 1, 37, 83)])
def test_any_size_and_any_batch(shape: tuple[int, ...]) -> None:
    assert UNet(options(), bounded=True)(*random_slices(*shape)).shape == shape


def test_sizes_divisible_by_16_are_not_padded_and_others_at_their_ends() -> None:
    network = UNet(options(), bounded=True)
    t1w, t2w = random_slices(1, 1, 40, 36)
    padded = [functional.pad(x, (0, 12, 0, 8), "replicate") for x in (t1w, t2w)]
    assert torch.equal(network(t1w, t2w), network(*padded)[..., :40, :36])


@pytest.mark.parametrize("norm_layer", ["instance", "batch"])
def test_normalization_layers_are_ours(norm_layer: str) -> None:
    kind = InstanceNorm if norm_layer == "instance" else nn.BatchNorm2d
    for network in registry.build(options(norm_layer=norm_layer), bounded=True):
        assert network is not None
        norms = [m for m in network.modules() if isinstance(m, InstanceNorm | nn.BatchNorm2d)]
        assert len(norms) == (18 if isinstance(network, UNet) else 3)
        assert {type(norm) for norm in norms} == {kind}


def test_bounded_output_is_tanh_and_unbounded_linear() -> None:
    bounded, linear = UNet(options(), bounded=True), UNet(options(), bounded=False)
    linear.load_state_dict(bounded.state_dict())
    for network in (bounded, linear):
        nn.init.constant_(network.output.bias, 3.0)
    inputs = random_slices(1, 1, 32, 32)
    torch.testing.assert_close(bounded(*inputs), torch.tanh(linear(*inputs)))
    assert linear(*inputs).abs().max() > 1


def test_slices_of_a_batch_do_not_depend_on_each_other() -> None:
    network = UNet(options(), bounded=True)
    t1w, t2w = random_slices(3, 1, 32, 36)
    together = network(t1w, t2w)
    alone = torch.cat([network(t1w[i : i + 1], t2w[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=0, atol=2e-6)


def test_bfloat16_output_is_float32_and_close() -> None:
    assert_bfloat16_output_is_float32_and_close(
        UNet(options(), bounded=True), *random_slices(1, 1, 40, 36)
    )


def test_unet_has_no_discriminator_and_pix2pix_the_same_generator() -> None:
    unet, none = registry.build(options(architecture="unet"), bounded=True)
    generator, discriminator = registry.build(options(), bounded=True)
    assert none is None
    assert isinstance(discriminator, ConditionalPatchDiscriminator)
    assert type(unet) is type(generator) is UNet


def test_initialization_covers_transposed_convolutions() -> None:
    network = UNet(options(width=16), bounded=True)
    deconvolution = next(m for m in network.modules() if isinstance(m, nn.ConvTranspose2d))
    assert deconvolution.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert not deconvolution.bias.any()
