import pytest
import torch
from published_graph import generator as published_generator
from torch import nn
from torch_checks import assert_bfloat16_output_is_float32_and_close, random_slices

from gfce.config import Network
from gfce.errors import UserError
from gfce.networks import registry
from gfce.networks.discriminators import PatchDiscriminator
from gfce.networks.mmgsn_net import MMgSNNet
from gfce.networks.released_weights import NAMES

SHAPES = {
    "encoder_t1w.0": (256, 224, 64),
    "encoder_t2w.0": (256, 224, 64),
    "fusion_1.merge": (256, 224, 64),
    "fusion_1": (256, 224, 128),
    "encoder_t1w.1": (128, 112, 128),
    "encoder_t2w.1": (128, 112, 128),
    "fusion_2.merge": (128, 112, 128),
    "fusion_2": (128, 112, 256),
    "encoder_t1w.2": (64, 56, 256),
    "encoder_t2w.2": (64, 56, 256),
    "fusion_3.merge": (64, 56, 256),
    "fusion_3": (64, 56, 256),
    "bottleneck": (64, 56, 512),
    "decoder_1": (64, 56, 256),
    "decoder_2.merge": (64, 56, 256),
    "decoder_2": (64, 56, 128),
    "decoder_3.merge": (128, 112, 128),
    "decoder_3": (128, 112, 64),
    "attention": (128, 112, 64),
    "attention.query": (128, 112, 8),
    "decoder_4.merge": (256, 224, 64),
    "decoder_4": (256, 224, 64),
    "decoder_5": (256, 224, 64),
    "": (256, 224, 1),
}
"""Rows, columns and channels of every tensor of the published table, by our module's name."""

INPUTS = {
    "fusion_1.merge.conv": 192,
    "fusion_1.project.conv": 64,
    "encoder_t1w.1.0.conv": 192,
    "fusion_2.merge.conv": 384,
    "fusion_2.project.conv": 256,
    "encoder_t2w.2.0.conv": 512,
    "fusion_3.merge.conv": 768,
    "fusion_3.project.conv": 512,
    "decoder_2.project.conv": 512,
    "decoder_3.project.conv": 256,
    "decoder_4.project.conv": 128,
    "output": 576,
}
"""Channels that go into the convolutions behind a concatenation."""


def build(width: int = 8, *, bounded: bool = True, **options: str) -> MMgSNNet:
    network = Network(architecture="mmgsn_net", width=width, **options)
    return MMgSNNet(network, bounded=bounded)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_numbers_of_parameters() -> None:
    with torch.device("meta"):
        assert count(build(64)) == 14_065_362
        assert count(PatchDiscriminator("instance")) == 391_105
        assert count(build(64, norm_layer="batch")) == 14_065_362


def test_every_shape_of_the_published_table() -> None:
    found: dict[str, tuple[int, ...]] = {}
    network = build(64)
    for name, module in network.named_modules():
        module.register_forward_hook(
            lambda _, inputs, output, name=name: found.update({name: tuple(output.shape)})
        )
    with torch.no_grad():  # a quarter of the rows and columns, to be quick
        network(torch.zeros(1, 1, 64, 56), torch.zeros(1, 1, 64, 56))
    assert {name: found[name] for name in SHAPES} == {
        name: (1, channels, rows // 4, columns // 4)
        for name, (rows, columns, channels) in SHAPES.items()
    }
    modules = dict(network.named_modules())
    assert {name: modules[name].in_channels for name in INPUTS} == INPUTS


def test_discriminator_judges_14_by_12_patches() -> None:
    with torch.device("meta"):
        image = torch.zeros(2, 1, 256, 224)
        assert PatchDiscriminator("instance")(image, image, image).shape == (2, 1, 14, 12)


def test_discriminator_refuses_slices_that_are_too_small() -> None:
    image = torch.zeros(1, 1, 36, 32)
    with pytest.raises(UserError, match=r"36 x 32 .* images\.matrix"):
        PatchDiscriminator("instance")(image, image, image)
    image = torch.zeros(1, 1, 36, 36)
    assert PatchDiscriminator("instance")(image, image, image).shape == (1, 1, 1, 1)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("width", "rows", "columns"), [(8, 40, 36), (16, 36, 52)])
def test_output_and_gradients_are_the_published_graph_s(
    width: int, rows: int, columns: int, layout: torch.memory_format
) -> None:
    network = build(width)
    for parameter in network.parameters():  # far from the start, where attention adds nothing
        nn.init.normal_(parameter, std=0.1)
    network.to(memory_format=layout)
    weights = {released: network.get_parameter(ours) for released, ours in NAMES.items()}
    t1w, t2w = random_slices(1, 1, rows, columns)
    ours, published = network(t1w, t2w), published_generator(weights, t1w, t2w)
    assert published.std() > 0.01
    torch.testing.assert_close(ours, published, rtol=0, atol=1e-5)
    got = torch.autograd.grad(ours.square().mean(), list(weights.values()))
    expected = torch.autograd.grad(published.square().mean(), list(weights.values()))
    largest = max(gradient.abs().max() for gradient in expected)
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5 * float(largest))


@pytest.mark.parametrize("shape", [(1, 1, 8, 8), (1, 1, 8, 20), (3, 1, 40, 36)])
def test_any_size_divisible_by_4_and_any_batch(shape: tuple[int, ...]) -> None:
    assert build()(*random_slices(*shape)).shape == shape


@pytest.mark.parametrize(("rows", "columns"), [(38, 40), (40, 37)])
def test_other_sizes_are_refused(rows: int, columns: int) -> None:
    message = rf"{rows} x {columns} .* both divisible by 4: change images\.matrix"
    with pytest.raises(UserError, match=message):
        build()(*random_slices(1, 1, rows, columns))


def test_width_must_be_divisible_by_8() -> None:
    with pytest.raises(UserError, match="width 12"):
        build(12)
    assert build(24)(*random_slices(1, 1, 8, 8)).shape == (1, 1, 8, 8)


def test_bounded_output_is_tanh_and_unbounded_linear() -> None:
    bounded, linear = build(), build(bounded=False)
    linear.load_state_dict(bounded.state_dict())
    nn.init.constant_(bounded.output.bias, 3.0)
    nn.init.constant_(linear.output.bias, 3.0)
    inputs = random_slices(1, 1, 16, 16)
    torch.testing.assert_close(bounded(*inputs), torch.tanh(linear(*inputs)))
    assert linear(*inputs).abs().max() > 1


def test_slices_of_a_batch_do_not_depend_on_each_other() -> None:
    network = build()
    t1w, t2w = random_slices(3, 1, 16, 20)
    together = network(t1w, t2w)
    alone = torch.cat([network(t1w[i : i + 1], t2w[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=0, atol=2e-6)


def test_batch_norm_inference_differs_from_training() -> None:
    network = build(norm_layer="batch")
    inputs = random_slices(1, 1, 16, 16)
    trained = network(*inputs)
    assert not torch.allclose(trained, network.eval()(*inputs))
    assert "decoder_5.norm.running_mean" in network.state_dict()


def test_bfloat16_output_is_float32_and_close() -> None:
    assert_bfloat16_output_is_float32_and_close(build(), *random_slices(1, 1, 40, 36))


def test_registry_builds_by_name_and_wants_a_name() -> None:
    network = Network(architecture="mmgsn_net", width=8)
    generator, discriminator = registry.build(network, bounded=True)
    assert isinstance(generator, MMgSNNet)
    assert isinstance(discriminator, PatchDiscriminator)
    with pytest.raises(ValueError, match="architecture"):
        registry.build(Network(width=8), bounded=True)
