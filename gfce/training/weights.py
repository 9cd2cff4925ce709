"""Files of trained generators."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from gfce.config import Network
from gfce.errors import UserError
from gfce.networks import registry
from gfce.networks.released_weights import read_released


def save_weights(path: Path, generator: nn.Module, network: Network, *, bounded: bool) -> None:
    """Write a generator as safetensors, with the network's options and `bounded` as metadata."""
    tensors = {
        name: value.detach().cpu().contiguous() for name, value in generator.state_dict().items()
    }
    metadata = {"network": network.model_dump_json(), "bounded": json.dumps(bounded)}
    part = path.with_name(path.name + ".part")
    part.write_bytes(save(tensors, metadata))
    part.replace(path)


def load_generator(path: Path, device: str | torch.device = "cpu") -> nn.Module:
    """Read a generator that `save_weights` wrote, ready for synthesis.

    Raises:
        UserError: the file is missing or no generator's.
    """
    metadata, tensors = _read(path)
    network = Network.model_validate_json(metadata["network"])
    generator, _ = registry.build(network, bounded=json.loads(metadata["bounded"]))
    generator.load_state_dict(tensors)
    return prepare(generator, torch.device(device)).eval()


def initial_weights(path: Path, network: Network) -> dict[str, Tensor]:
    """Read weights to start a training from: ours, or a .pth file of the authors' released code.

    Raises:
        UserError: the file is missing, is no generator's, or its network has other layers.
    """
    released = path.suffix in {".pth", ".pt"}
    weights = read_released(path) if released else load_generator(path).state_dict()
    with torch.device("meta"):
        expected, _ = registry.build(network, bounded=True)
    for name, parameter in expected.named_parameters():
        if name not in weights or weights[name].shape != parameter.shape:
            raise UserError(
                f"{path}: its layer {name} does not fit the network of width {network.width}: "
                "train the network that these weights are of"
            )
    return {name: weights[name] for name, _ in expected.named_parameters()}


def prepare(module: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to a device, with weights laid out for channels_last convolutions."""
    return module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a file of weights ({error}): train the model again") from None
    if not {"network", "bounded"} <= metadata.keys():
        raise UserError(f"{path}: no generator of this software: use gfce import-weights")
    return metadata, tensors
