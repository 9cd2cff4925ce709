import random
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
    """What an attacker would put into a pickle: reading it as a pickle writes a file."""

    def __init__(self, written: Path) -> None:
        self.written = written

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.written,)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_not_run(tmp_path: Path, zipped: bool) -> None:
    path, written = tmp_path / "generator.pth", tmp_path / "written"
    content = {"out.0.weight": Arbitrary(written)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UserError, match=r"generator\.pth: damaged, or not a state dict") as refusal:
        read_released(path)
    assert "\n" not in str(refusal.value)
    assert not written.exists()
    torch.load(path, weights_only=False)
    assert written.exists()


def test_nothing_but_a_state_dict_is_read(tmp_path: Path) -> None:
    path = tmp_path / "generator.pth"
    torch.save([torch.zeros(1)], path)
    with pytest.raises(UserError, match=r"generator\.pth: not a state dict"):
        read_released(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_file_is_refused(
    released: dict[str, Tensor], tmp_path: Path, zipped: bool
) -> None:
    path = tmp_path / "generator.pth"
    torch.save(released, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for length in (0, 1, 7, 100, 5000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"generator\.pth: damaged") as refusal:
            read_released(path)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("zipped", [True, False])
def test_damage_anywhere_is_refused_or_harmless(
    released: dict[str, Tensor], tmp_path: Path, zipped: bool
) -> None:
    path, places = tmp_path / "generator.pth", random.Random(3)
    torch.save(released, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    refused = 0
    for _ in range(40):
        damaged = bytearray(whole)
        damaged[places.randrange(20_000)] ^= 1 << places.randrange(8)
        path.write_bytes(damaged)
        try:
            assert read_released(path).keys() == set(NAMES.values())
        except UserError:
            refused += 1
    assert refused > 5


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_released(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("not weights")
    with pytest.raises(UserError, match=r"text\.pth: damaged, or not a state dict"):
        read_released(tmp_path / "text.pth")
