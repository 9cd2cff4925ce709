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
from gfce.networks.released_weights import import_released, read_released

KEY = "gfce"
"""The key of a weights file's metadata: JSON with the network's options and `bounded`."""


def save_weights(path: Path, generator: nn.Module, network: Network, *, bounded: bool) -> None:
    """Write a generator as safetensors, with the network's options and `bounded` as metadata."""
    tensors = {
        name: value.detach().cpu().contiguous() for name, value in generator.state_dict().items()
    }
    # One key, because safetensors writes several in random order: the same model, the same bytes.
    description = {"network": network.model_dump(mode="json"), "bounded": bounded}
    metadata = {KEY: json.dumps(description, sort_keys=True)}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(save(tensors, metadata))
    part.replace(path)


def import_weights(path: Path, output: Path) -> Network:
    """Convert a generator's .pth file of MMgSN-Net's released code into a weights file of gfce.

    Args:
        path: the state dict that the released code saved.
        output: the safetensors file to write.

    Returns:
        The network's options: its width is that of the weights.

    Raises:
        UserError: the file is missing, damaged, holds more than tensors or is no such generator's.
    """
    network, generator = import_released(path)
    save_weights(output, generator, network, bounded=True)
    return network


def load_generator(path: Path, device: str | torch.device = "cpu") -> nn.Module:
    """Read a generator that `save_weights` wrote, ready for synthesis.

    Raises:
        UserError: the file is missing or no generator's, or the network has changed since.
    """
    description, tensors = _read(path)
    try:
        content = json.loads(description)
        network = Network.model_validate(content["network"])
        generator, _ = registry.build(network, bounded=content["bounded"])
        generator.load_state_dict(tensors)
    except (ValueError, KeyError, TypeError, RuntimeError):
        raise UserError(
            f"{path}: its network is not known here or has changed since: train the model again"
        ) from None
    return prepare(generator, torch.device(device)).eval()


def initial_weights(path: Path, network: Network) -> dict[str, Tensor]:
    """Read weights to start a training from: a file of gfce, or a .pth file of the released code.

    Args:
        path: the file, of a network with any output and normalization layers.
        network: the network to train (resolved); its layers and width must be the file's.

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
                f"{path}: its layer {name} does not fit {network.architecture} of width "
                f"{network.width}: train the network that these weights are of"
            )
    return {name: weights[name] for name, _ in expected.named_parameters()}


def prepare(module: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to a device, with weights laid out for channels_last convolutions."""
    return module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _read(path: Path) -> tuple[str, dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a file of weights ({error}): train the model again") from None
    if KEY not in metadata:
        raise UserError(f"{path}: no generator of this software: use gfce import-weights")
    return metadata[KEY], tensors
