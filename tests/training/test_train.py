import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from examples import NETWORK, NETWORKS, SETTINGS, digest, example_slices, run
from safetensors import safe_open

from gfce.config import Network, Training
from gfce.errors import UserError
from gfce.training.synthesis import synthesize
from gfce.training.weights import KEY, initial_weights, load_generator, save_weights

COLUMNS = [
    "epoch",
    "loss_generator",
    "loss_adversarial",
    "loss_l1",
    "loss_discriminator",
    "learning_rate",
    "seconds",
]


@pytest.mark.parametrize("name", NETWORKS)
def test_two_trainings_give_the_same_bits(tmp_path: Path, name: str) -> None:
    network = NETWORKS[name]
    first, second = run(tmp_path / "1", network=network), run(tmp_path / "2", network=network)
    assert digest(first.generator) == digest(second.generator)
    for row, other in zip(first.history, second.history, strict=True):
        assert {**row, "seconds": 0} == {**other, "seconds": 0}
    other = run(tmp_path / "3", network=network, seed=2)
    assert digest(other.generator) != digest(first.generator)


def test_what_a_training_returns(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"batch_size": 2})
    model = run(tmp_path, settings=settings)
    assert model.device == "cpu"
    assert model.steps == 6  # 3 slices in batches of 2
    assert [list(row) for row in model.history] == [COLUMNS] * 3
    assert [row["epoch"] for row in model.history] == [1, 2, 3]
    assert model.history[2]["learning_rate"] == pytest.approx(1e-3 / 3)
    for row in model.history:
        total = row["loss_adversarial"] + 100 * row["loss_l1"]
        assert row["loss_generator"] == pytest.approx(total, rel=1e-5)
    assert not model.generator.training


def test_training_leaves_torch_s_settings_alone(tmp_path: Path) -> None:
    random, threads = torch.get_rng_state(), torch.get_num_threads()
    run(tmp_path)
    assert torch.equal(random, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(
    ("name", "precision", "left"),
    [
        ("mmgsn_net", "float32", 0.2),
        ("mmgsn_net", "bfloat16", 0.2),
        ("unet", "bfloat16", 0.5),
        ("pix2pix", "float32", 0.5),
    ],
)
def test_a_small_network_learns_one_slice(
    tmp_path: Path, name: str, precision: str, left: float
) -> None:
    settings = Training(epochs=40, constant_epochs=30, threads=1, precision=precision, device="cpu")
    slices, network = example_slices(1), Network(architecture=name, width=8)
    history = run(tmp_path, settings=settings, slices=slices, network=network).history
    assert history[-1]["loss_l1"] < left * history[0]["loss_l1"]


def test_recipes_and_norm_layers_train_differently(tmp_path: Path) -> None:
    released = SETTINGS.model_copy(update={"recipe": "released"})
    batch = NETWORK.model_copy(update={"norm_layer": "batch"})
    models = [
        run(tmp_path / "corrected"),
        run(tmp_path / "released", settings=released),
        run(tmp_path / "batch", network=batch),
    ]
    assert len({digest(model.generator) for model in models}) == 3
    assert models[2].generator.get_buffer("bottleneck.norm.running_var").std() > 0


def test_without_a_discriminator_l1_is_all_there_is(tmp_path: Path) -> None:
    for row in run(tmp_path, network=NETWORKS["unet"]).history:
        assert row["loss_adversarial"] == row["loss_discriminator"] == 0
        assert row["loss_generator"] == pytest.approx(100 * row["loss_l1"])
    settings = SETTINGS.model_copy(update={"l1_weight": 0.0})
    with pytest.raises(UserError, match=r"training\.l1_weight: 0 leaves unet nothing to learn"):
        run(tmp_path, network=NETWORKS["unet"], settings=settings)
    assert run(tmp_path / "judged", settings=settings).steps == 9


def test_a_unet_trains_on_any_matrix_and_mmgsn_net_does_not(tmp_path: Path) -> None:
    images = [images[:, :34, :37] for images in (example_slices().t1w, example_slices().ce)]
    odd = replace(example_slices(), t1w=images[0], t2w=images[0], ce=images[1])
    model = run(tmp_path, network=NETWORKS["unet"], slices=odd)
    assert synthesize(model.generator, odd.t1w, odd.t2w, batch_size=2).shape == odd.ce.shape
    with pytest.raises(UserError, match=r"34 x 37 .* divisible by 4: change images\.matrix"):
        run(tmp_path / "mmgsn_net", slices=odd)


def test_a_loss_that_is_not_finite_names_its_slice(tmp_path: Path) -> None:
    run(tmp_path, settings=SETTINGS.model_copy(update={"epochs": 1}))
    kept = (tmp_path / "checkpoint.safetensors").read_bytes()
    slices = example_slices()
    ce = slices.ce.copy()
    ce[1] = 3e38
    with pytest.raises(
        UserError, match=r"patient sub-01 slice 11: a loss is not finite in epoch 2"
    ):
        run(tmp_path, slices=replace(slices, ce=ce))
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == kept


def test_a_gradient_that_is_not_finite_is_noticed(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"learning_rate": float("inf")})
    with pytest.raises(UserError, match=r"not finite in epoch 1 step"):
        run(tmp_path, settings=settings)
    assert not (tmp_path / "checkpoint.safetensors").exists()


def test_a_gpu_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"training\.device: cuda"):
        run(tmp_path, settings=SETTINGS.model_copy(update={"device": "cuda"}))


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_file_and_synthesis(tmp_path: Path, name: str) -> None:
    network = NETWORKS[name]
    model = run(tmp_path, network=network, bounded=False)
    path = tmp_path / "weights.safetensors"
    save_weights(path, model.generator, network, bounded=False)
    with safe_open(path, framework="np") as file:
        assert json.loads(file.metadata()[KEY])["network"]["norm_layer"] == network.norm_layer
    slices = example_slices()
    loaded = load_generator(path)
    synthetic = synthesize(loaded, slices.t1w, slices.t2w, batch_size=1)
    assert synthetic.dtype == np.float32
    assert synthetic.shape == slices.ce.shape
    assert np.array_equal(synthetic, synthesize(model.generator, slices.t1w, slices.t2w, 1))
    together = synthesize(loaded, slices.t1w, slices.t2w, batch_size=2)
    np.testing.assert_allclose(together, synthetic, rtol=0, atol=1e-5)


def test_training_starts_from_given_weights(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    model = run(tmp_path / "first")
    save_weights(path, model.generator, NETWORK, bounded=True)
    frozen = SETTINGS.model_copy(update={"learning_rate": 1e-30})
    weights = initial_weights(path, NETWORK)
    tuned = run(tmp_path / "second", settings=frozen, initial=weights)
    assert digest(tuned.generator) == digest(model.generator)
    with pytest.raises(UserError, match="does not fit mmgsn_net of width 16"):
        initial_weights(path, NETWORK.model_copy(update={"width": 16}))
    with pytest.raises(UserError, match="does not fit unet of width 4"):
        initial_weights(path, NETWORKS["unet"])


def test_files_that_are_no_weights(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    with pytest.raises(UserError, match="not a file of weights"):
        load_generator(path)
    path.write_text("text")
    with pytest.raises(UserError, match="not a file of weights"):
        load_generator(path)
    run(tmp_path, settings=SETTINGS.model_copy(update={"epochs": 1}))
    with pytest.raises(UserError, match="no generator of this software"):
        load_generator(tmp_path / "checkpoint.safetensors")
