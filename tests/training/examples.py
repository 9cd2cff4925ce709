"""Small inputs for the tests of training."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from gfce.config import Network, Training
from gfce.training.data import TrainingSlices
from gfce.training.loop import TrainedModel, train

NETWORK = Network(architecture="mmgsn_net", width=8)
NETWORKS = {
    "mmgsn_net": NETWORK,
    "mmgsn_net-batch": NETWORK.model_copy(update={"norm_layer": "batch"}),
    "unet": Network(architecture="unet", width=4),
    "unet-batch": Network(architecture="unet", width=4, norm_layer="batch"),
    "pix2pix": Network(architecture="pix2pix", width=4),
}
"""Every network, and each kind of state that a training has."""
SETTINGS = Training(epochs=3, constant_epochs=1, threads=1, device="cpu")


def example_slices(count: int = 3, rows: int = 36, columns: int = 40) -> TrainingSlices:
    """Smooth random slices; CE is a function of T1w and T2w."""
    random = np.random.default_rng(5)
    rough = random.standard_normal((2, count, rows // 4, columns // 4))
    t1w, t2w = np.tanh(rough).repeat(4, axis=2).repeat(4, axis=3).astype(np.float32)
    ce = np.tanh(t1w - 0.5 * t2w)
    patients = tuple(f"sub-{index:02}" for index in range(count))
    return TrainingSlices(t1w, t2w, ce, patients, tuple(range(10, 10 + count)))


def run(folder: Path, **changes: Any) -> TrainedModel:
    """Train in a folder with the examples, or with what is given in their place."""
    settings = changes.pop("settings", SETTINGS)
    options = {"bounded": True, "seed": 1, "key": "key", **changes}
    slices = options.pop("slices", None) or example_slices()
    network = options.pop("network", NETWORK)
    checkpoint = folder / "checkpoint.safetensors"
    return train(slices, network, settings, checkpoint=checkpoint, **options)


def digest(module: nn.Module) -> str:
    """Hash of all weights, to the bit."""
    whole = hashlib.sha256()
    for name, value in module.state_dict().items():
        whole.update(name.encode() + value.contiguous().numpy().tobytes())
    return whole.hexdigest()
