from pathlib import Path

import pytest
import torch
from torch import Tensor

from gfce.config import Network
from gfce.errors import UserError
from gfce.networks.mmgsn_net import MMgSNNet
from gfce.networks.released_weights import NAMES, from_released, import_released, read_released


@pytest.fixture
def ours() -> dict[str, Tensor]:
    return MMgSNNet(Network(architecture="mmgsn_net", width=8), bounded=True).state_dict()


@pytest.fixture
def released(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict as the released code saves it, running statistics included."""
    weights = {key: ours[name].clone() for key, name in NAMES.items()}
    for key in list(weights):
        if ours[NAMES[key]].dim() == 1 and key.endswith("1.weight"):
            prefix = key.removesuffix("weight")
            weights[f"{prefix}running_mean"] = torch.ones(3)
            weights[f"{prefix}running_var"] = torch.ones(3)
            weights[f"{prefix}num_batches_tracked"] = torch.tensor(9)
    return weights


def test_names_cover_the_generator_one_to_one(ours: dict[str, Tensor]) -> None:
    assert sorted(NAMES.values()) == sorted(ours)
    assert len(set(NAMES.values())) == len(NAMES)


@pytest.mark.parametrize(
    ("released", "ours"),
    [
        ("down_1_0.0.weight", "encoder_t1w.0.0.conv.weight"),
        ("down_3_1.4.bias", "encoder_t2w.2.1.norm.bias"),
        ("down_fu_1.layer2.1.weight", "fusion_1.project.norm.weight"),
        ("down_fu_4.0.bias", "bottleneck.conv.bias"),
        ("deconv_1_0.1.weight", "decoder_1.norm.weight"),
        ("deconv_3_0.layer1.0.weight", "decoder_3.merge.conv.weight"),
        ("attn_deconv_3_0.key_conv.bias", "attention.key.bias"),
        ("attn_deconv_3_0.gamma", "attention.gamma"),
        ("deconv_5_0.0.weight", "decoder_5.conv.weight"),
        ("out.0.bias", "output.bias"),
    ],
)
def test_names(released: str, ours: str) -> None:
    assert NAMES[released] == ours


def test_round_trip(released: dict[str, Tensor], ours: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(released, tmp_path / "generator.pth")
    network, generator = import_released(tmp_path / "generator.pth")
    assert network == Network(architecture="mmgsn_net", width=8)
    for name, value in generator.state_dict().items():
        assert torch.equal(value, ours[name]), name


def test_weights_of_data_parallel_and_of_half_precision(released: dict[str, Tensor]) -> None:
    wrapped = {f"module.{key}": value.half() for key, value in released.items()}
    translated = from_released(wrapped)
    assert {value.dtype for value in translated.values()} == {torch.float32}


def test_missing_unknown_and_misshaped_weights(released: dict[str, Tensor]) -> None:
    with pytest.raises(UserError, match=r"out\.0\.bias is missing"):
        from_released({key: value for key, value in released.items() if key != "out.0.bias"})
    with pytest.raises(UserError, match=r"extra\.weight is unknown"):
        from_released({**released, "extra.weight": torch.zeros(1)})
    with pytest.raises(UserError, match=r"down_2_0\.0\.weight has the shape \(1,\)"):
        from_released({**released, "down_2_0.0.weight": torch.zeros(1)})
    with pytest.raises(UserError, match=r"and 116 more"):
        from_released({"model.0.weight": torch.zeros(32, 1, 3, 3)})


class Arbitrary:
    """What an attacker would put into a pickle."""


@pytest.mark.parametrize("content", [Arbitrary(), [torch.zeros(1)]])
def test_nothing_but_a_state_dict_is_read(content: object, tmp_path: Path) -> None:
    path = tmp_path / "generator.pth"
    torch.save(content, path)
    with pytest.raises(UserError, match=r"generator\.pth: not a state dict"):
        read_released(path)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_released(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("not weights")
    with pytest.raises(UserError, match=r"text\.pth: not a state dict"):
        read_released(tmp_path / "text.pth")
