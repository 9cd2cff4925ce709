"""A network in one file: the example of docs/networks.md, from configuration to synthesis."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from cohorts import minimal_config
from training.examples import example_slices

from gfce.config import Network, Training, parse_config
from gfce.errors import UserError
from gfce.networks import registry
from gfce.networks.discriminators import PatchDiscriminator
from gfce.training.loop import train
from gfce.training.synthesis import synthesize
from gfce.training.weights import load_generator, save_weights

DOCS = Path(__file__).parents[2] / "docs" / "networks.md"


@pytest.fixture
def documented(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    """The network of the documentation's example."""
    monkeypatch.delitem(sys.modules, "gfce.networks.two_layers", raising=False)
    [code] = re.findall(r"^```python\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.M | re.S)
    (folder / "two_layers.py").write_text(code, encoding="utf-8")
    content = minimal_config(grid={"networks": {"two_layers": {"width": 4}}})
    return parse_config(content, "config.yaml").network("two_layers")


def test_the_documented_network_is_trained_saved_and_applied(
    documented: Network, tmp_path: Path
) -> None:
    slices, path = example_slices(), tmp_path / "weights.safetensors"
    settings = Training(epochs=3, constant_epochs=2, threads=1, device="cpu")
    model = train(
        slices,
        documented,
        settings,
        bounded=True,
        seed=1,
        checkpoint=tmp_path / "checkpoint.safetensors",
        key="key",
    )
    assert type(model.generator).__name__ == "TwoLayers"
    assert model.history[-1]["loss_l1"] < model.history[0]["loss_l1"]
    assert model.history[-1]["loss_discriminator"] > 0
    save_weights(path, model.generator, documented, bounded=True)
    synthetic = synthesize(load_generator(path), slices.t1w, slices.t2w, batch_size=1)
    assert synthetic.shape == slices.ce.shape


def test_the_documented_network_has_a_discriminator(documented: Network) -> None:
    _, discriminator = registry.build(documented, bounded=False)
    assert isinstance(discriminator, PatchDiscriminator)


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ({"a": {"architecture": "unett"}}, r"architecture: .*unett \(did you mean unet\?\)"),
        ({"a": {"architecture": "layers"}}, r"\(known: mmgsn_net, pix2pix, unet\)"),
        ({"pix-2pix": {}}, r"networks\.pix-2pix: say which .* \(did you mean pix2pix\?\)"),
    ],
)
def test_a_typo_is_one_line(networks: dict[str, dict[str, str]], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        parse_config(minimal_config(grid={"networks": networks}), "config.yaml")
    assert "\n" not in str(error.value)


def test_a_configuration_is_checked_without_torch_and_monai() -> None:
    code = """
import sys
sys.modules.update(dict.fromkeys(["torch", "monai"]))
from gfce.config import Network
Network(architecture="pix2pix")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("architecture", ["mmgsn_net", "unet", "pix2pix"])
def test_initial_weights_follow_the_seed(architecture: str) -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        generator, _ = registry.build(Network(architecture=architecture, width=8), bounded=True)
        return torch.cat([parameter.flatten() for parameter in generator.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
