"""Weights trained with the released code, from its .pth file to a training that starts there."""

import json
from pathlib import Path

import pytest
import torch
from examples import NETWORK, SETTINGS, example_slices, run
from networks.published_graph import generator as published_generator
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from gfce.config import Network
from gfce.errors import UserError
from gfce.networks.mmgsn_net import MMgSNNet
from gfce.networks.released_weights import NAMES
from gfce.training.synthesis import synthesize
from gfce.training.weights import KEY, import_weights, initial_weights, load_generator


def released_file(path: Path, width: int) -> dict[str, Tensor]:
    """A .pth file as the released code saves it, and what is in it."""
    network = MMgSNNet(Network(architecture="mmgsn_net", width=width), bounded=True)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    weights = {key: network.get_parameter(name).detach() for key, name in NAMES.items()}
    statistics = {"down_1_0.1.running_mean": torch.ones(width)}
    torch.save({**weights, **statistics}, path)
    return weights


@pytest.mark.parametrize("width", [8, 16])
def test_imported_weights_synthesise_as_the_published_graph(tmp_path: Path, width: int) -> None:
    weights = released_file(tmp_path / "generator.pth", width)
    output = tmp_path / "new folder" / "weights.safetensors"
    network = import_weights(tmp_path / "generator.pth", output)
    assert network == Network(architecture="mmgsn_net", width=width)
    with safe_open(output, framework="np") as file:
        assert Network(**json.loads(file.metadata()[KEY])["network"]) == network
    slices = example_slices(1)
    synthetic = synthesize(load_generator(output), slices.t1w, slices.t2w, batch_size=1)
    inputs = (torch.tensor(images).unsqueeze(1) for images in (slices.t1w, slices.t2w))
    published = published_generator(weights, *inputs)
    torch.testing.assert_close(torch.tensor(synthetic), published[:, 0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("norm_layer", ["instance", "batch"])
@pytest.mark.parametrize("bounded", [True, False])
def test_training_starts_from_released_weights(
    tmp_path: Path, norm_layer: str, bounded: bool
) -> None:
    path = tmp_path / "generator.pth"
    released = released_file(path, 8)
    network = NETWORK.model_copy(update={"norm_layer": norm_layer})
    frozen = SETTINGS.model_copy(update={"learning_rate": 1e-30})
    model = run(
        tmp_path,
        settings=frozen,
        network=network,
        bounded=bounded,
        initial=initial_weights(path, network),
    )
    for key, name in NAMES.items():
        assert torch.equal(model.generator.get_parameter(name), released[key]), key


def test_a_refused_file_leaves_nothing_behind(tmp_path: Path) -> None:
    path, output = tmp_path / "generator.pth", tmp_path / "weights.safetensors"
    path.write_bytes(b"not weights")
    with pytest.raises(UserError, match="damaged"):
        import_weights(path, output)
    assert [file.name for file in tmp_path.iterdir()] == ["generator.pth"]


@pytest.mark.parametrize(
    "network",
    ['{"architecture": "gone"}', '{"architecture": "mmgsn_net", "width": 16}', "no json"],
)
def test_weights_of_a_network_that_is_not_there(tmp_path: Path, network: str) -> None:
    path = tmp_path / "weights.safetensors"
    metadata = {KEY: f'{{"network": {network}, "bounded": true}}'}
    save_file({"weight": torch.zeros(1)}, path, metadata)
    with pytest.raises(UserError, match=r"weights\.safetensors: its network is not known here"):
        load_generator(path)
