"""Weights trained with the code that MMgSN-Net's authors released, under the names of gfce.

The names on the left are those of the released state dict; running statistics of its normalization
layers are ignored, because the authors' networks never leave training mode.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gfce.config import Network
from gfce.errors import UserError
from gfce.networks.mmgsn_net import MMgSNNet

_BLOCK = {"0": "conv", "1": "norm"}
_TWO_BLOCKS = {"0": "0.conv", "1": "0.norm", "3": "1.conv", "4": "1.norm"}
_FUSION = {
    "layer1.0": "merge.conv",
    "layer1.1": "merge.norm",
    "layer2.0": "project.conv",
    "layer2.1": "project.norm",
}
_ATTENTION = {"query_conv": "query", "key_conv": "key", "value_conv": "value"}

_PARTS: dict[str, tuple[str, dict[str, str]]] = {
    **{
        f"down_{level + 1}_{modality}": (f"{encoder}.{level}", _TWO_BLOCKS)
        for modality, encoder in enumerate(["encoder_t1w", "encoder_t2w"])
        for level in range(3)
    },
    **{f"down_fu_{level}": (f"fusion_{level}", _FUSION) for level in (1, 2, 3)},
    "down_fu_4": ("bottleneck", _BLOCK),
    "deconv_1_0": ("decoder_1", _BLOCK),
    **{f"deconv_{level}_0": (f"decoder_{level}", _FUSION) for level in (2, 3, 4)},
    "deconv_5_0": ("decoder_5", _BLOCK),
    "attn_deconv_3_0": ("attention", _ATTENTION),
}

NAMES: dict[str, str] = {
    **{
        f"{released}.{layer}.{kind}": f"{ours}.{name}.{kind}"
        for released, (ours, layers) in _PARTS.items()
        for layer, name in layers.items()
        for kind in ("weight", "bias")
    },
    "attn_deconv_3_0.gamma": "attention.gamma",
    "out.0.weight": "output.weight",
    "out.0.bias": "output.bias",
}
"""The name in gfce of each of the released generator's parameters."""

_IGNORED = ("running_mean", "running_var", "num_batches_tracked")


def read_released(path: Path) -> dict[str, Tensor]:
    """Read a generator's .pth file under the names of gfce; nothing but tensors is unpickled.

    Raises:
        UserError: the file is missing, is damaged, holds more than tensors, or is not such a
            generator's.
    """
    try:
        file = io.BytesIO(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: name a file of weights") from None
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # a damaged file fails wherever the damage leads the unpickler
        raise UserError(
            f"{path}: damaged, or not a state dict of tensors alone: save it again with "
            "torch.save(net.state_dict(), file)"
        ) from None
    try:
        return from_released(content)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def from_released(released: Mapping[str, Any]) -> dict[str, Tensor]:
    """Translate a state dict of the released generator into the names of gfce, as float32.

    Raises:
        UserError: a key is missing, unknown, or of a shape that the network does not have.
    """
    kept = _tensors(released)
    if missing := [key for key in NAMES if key not in kept]:
        raise UserError(f"weight {missing[0]}{_more(missing)} is missing: is it a generator's?")
    if unknown := [key for key in kept if key not in NAMES]:
        raise UserError(f"weight {unknown[0]}{_more(unknown)} is unknown: is it a generator's?")
    ours = {name: kept[key].float() for key, name in NAMES.items()}
    _check_shapes(ours)
    return ours


def width_of(weights: Mapping[str, Tensor]) -> int:
    """Width of the generator that has these weights, under the names of gfce."""
    return len(weights["encoder_t1w.0.0.conv.weight"])


def import_released(path: Path) -> tuple[Network, nn.Module]:
    """Read a released .pth file as a generator of gfce, with tanh output as the authors have.

    Raises:
        UserError: see `read_released`.
    """
    weights = read_released(path)
    network = Network(architecture="mmgsn_net", width=width_of(weights))
    generator = MMgSNNet(network, bounded=True)
    generator.load_state_dict(weights)
    return network, generator


def _tensors(released: Mapping[str, Any]) -> dict[str, Tensor]:
    if not isinstance(released, Mapping):
        raise UserError("not a state dict: save it with torch.save(net.state_dict(), file)")
    return {
        str(key).removeprefix("module."): value  # DataParallel's prefix
        for key, value in released.items()
        if isinstance(value, Tensor) and not str(key).endswith(_IGNORED)
    }


def _check_shapes(ours: dict[str, Tensor]) -> None:
    with torch.device("meta"):
        network = Network(architecture="mmgsn_net", width=width_of(ours))
        expected = MMgSNNet(network, bounded=True).state_dict()
    for key, name in NAMES.items():
        shape, needed = tuple(ours[name].shape), tuple(expected[name].shape)
        if shape != needed:
            raise UserError(
                f"weight {key} has the shape {shape}, a generator of width {network.width} "
                f"needs {needed}: is it another version of the network?"
            )


def _more(keys: list[str]) -> str:
    return f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
