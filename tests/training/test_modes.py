"""Fast arithmetic is bounded: every mode ends at the losses of the others on a small study."""

from pathlib import Path
from types import ModuleType

import pytest
import torch
from examples import NETWORK, example_slices, run

from gfce.config import Network, Training
from gfce.training.data import epoch_order
from gfce.training.schedule import learning_rate
from gfce.training.state import initial_state

SETTINGS = Training(epochs=12, constant_epochs=6, threads=1, device="cpu")
SEED = 1
TOLERANCE = 0.1
"""Largest difference in the last epoch's mean L1 loss, as a share of it. Within 48 steps the losses
fall to a sixth, and rounding alone made runs of three seeds differ by up to 3 %."""


def plain_losses(benchmark: ModuleType) -> list[float]:
    """Mean L1 loss of each epoch of the plain loop, from the weights that ours starts from."""
    cpu, slices = torch.device("cpu"), example_slices(4)
    plain = benchmark.PlainTraining(NETWORK.width, cpu)
    torch.manual_seed(SEED)
    state = initial_state(NETWORK, SETTINGS, bounded=True, steps=4, device=cpu, initial=None)
    benchmark.copy_weights(state, plain)
    images = slices.to(cpu)
    epochs = []
    for epoch in range(SETTINGS.epochs):
        for optimizer in plain.optimizers:
            optimizer.param_groups[0]["lr"] = learning_rate(SETTINGS, epoch)
        order = epoch_order(len(slices), SEED, epoch, shuffle=True)
        losses = [plain.step([image[[index]] for image in images])["l1"] for index in order]
        epochs.append(sum(losses) / len(losses))
    return epochs


def our_losses(folder: Path, network: Network, precision: str) -> list[float]:
    settings = SETTINGS.model_copy(update={"precision": precision})
    model = run(folder, settings=settings, slices=example_slices(4), network=network, seed=SEED)
    return [row["loss_l1"] for row in model.history]


def test_float32_ends_where_the_plain_loop_does(tmp_path: Path, benchmark: ModuleType) -> None:
    ours, plain = our_losses(tmp_path, NETWORK, "float32"), plain_losses(benchmark)
    assert plain[-1] < 0.25 * plain[0]
    assert ours[0] == pytest.approx(plain[0], rel=2e-3)
    assert ours[-1] == pytest.approx(plain[-1], rel=TOLERANCE)


@pytest.mark.parametrize("architecture", ["mmgsn_net", "unet", "pix2pix"])
def test_bfloat16_ends_where_float32_does(tmp_path: Path, architecture: str) -> None:
    network = Network(architecture=architecture, width=8)
    exact = our_losses(tmp_path / "float32", network, "float32")
    rounded = our_losses(tmp_path / "bfloat16", network, "bfloat16")
    assert exact[-1] < 0.5 * exact[0]
    assert rounded[-1] == pytest.approx(exact[-1], rel=TOLERANCE)
    assert rounded[-1] != exact[-1]
