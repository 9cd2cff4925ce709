"""Federated averaging: the mean of hospitals that train by themselves."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from examples import NETWORKS, SETTINGS, digest, example_slices, run
from test_resume import assert_same

from gfce.config import Repair
from gfce.training.data import TrainingSlices
from gfce.training.federated import Federation, begin_federated
from gfce.training.interruption import TrainingStopped
from gfce.training.loop import TrainedModel
from gfce.training.start import Start

CPU = torch.device("cpu")


def pool(institutions: str = "ABABB") -> TrainingSlices:
    return replace(example_slices(len(institutions)), institutions=tuple(institutions))


def train(folder: Path, slices: TrainingSlices, method: str, **changes: Any) -> TrainedModel:
    options = {"local_epochs": 2} | changes.pop("options", {})
    repair = Repair(method=method, options=options)
    return run(folder, slices=slices, repair=repair, network=NETWORKS["unet-batch"], **changes)


def begin(slices: TrainingSlices, network: str = "pix2pix") -> tuple[Federation, Any]:
    settings = SETTINGS.model_copy(update={"batch_size": 2})
    start = Start(slices, NETWORKS[network], settings, True, 1, CPU, None)
    state, batches = begin_federated(start, local_epochs=2)
    assert isinstance(state, Federation)
    return state, batches


def test_an_epoch_has_every_slice_once_and_a_batch_one_hospital() -> None:
    slices = pool()
    state, batches = begin(slices)
    steps = [chosen.tolist() for chosen in batches.indices(1, CPU)]
    assert sorted(index for chosen in steps for index in chosen) == list(range(5))
    assert len(steps) == len(batches) == len(state.losses) == 3
    hospitals = [{slices.institutions[i] for i in chosen} for chosen in steps]
    assert hospitals == [{"A"}, {"B"}, {"B"}]
    assert state.turns == [0, 1, 1]


def test_a_mean_weighs_slices_and_ends_a_round() -> None:
    state, _ = begin(pool("ABBB"))
    for value, hospital in enumerate(state.hospitals, start=1):
        for network in hospital.networks.values():
            for weight in network.parameters():
                torch.nn.init.constant_(weight, float(value))
    before = next(state.generator.parameters()).clone()
    state.end_epoch(1e-3)
    assert torch.equal(next(state.generator.parameters()), before), "the round has two epochs"
    state.end_epoch(1e-3)
    for networks in (state.common, *(hospital.networks for hospital in state.hospitals)):
        assert set(networks) == {"generator", "discriminator"}
        for network in networks.values():
            for weight in network.parameters():
                assert (weight == 0.25 * 1 + 0.75 * 2).all()


def test_hospitals_with_the_same_patients_learn_what_one_of_them_learns(tmp_path: Path) -> None:
    one = example_slices(2)
    twice = TrainingSlices(
        *(np.concatenate([images, images]) for images in (one.t1w, one.t2w, one.ce)),
        patient_ids=one.patient_ids * 2,
        slice_numbers=one.slice_numbers * 2,
        institutions=("A", "A", "B", "B"),
    )
    in_order = SETTINGS.model_copy(update={"recipe": "released"})
    alone = run(tmp_path / "one", slices=one, settings=in_order, network=NETWORKS["unet-batch"])
    both = train(tmp_path, twice, "fedavg", settings=in_order)
    assert digest(both.generator) == digest(alone.generator)
    assert both.steps == 2 * alone.steps


def test_a_training_that_is_stopped_after_each_step_ends_the_same(tmp_path: Path) -> None:
    slices, mu = pool("ABB"), {"mu": 1.0}
    expected = train(tmp_path / "undisturbed", slices, "fedprox", options=mu)
    hasty = SETTINGS.model_copy(update={"walltime_minutes": 1e-9})
    for _ in range(SETTINGS.epochs * len(slices)):
        with pytest.raises(TrainingStopped):
            train(tmp_path, slices, "fedprox", options=mu, settings=hasty)
    assert_same(train(tmp_path, slices, "fedprox", options=mu), expected)


def test_the_proximal_term_holds_the_hospitals(tmp_path: Path) -> None:
    models = {
        mu: train(tmp_path / str(mu), pool(), "fedprox", options={"mu": mu}) for mu in (0.0, 1e3)
    }
    average = train(tmp_path / "average", pool(), "fedavg")
    assert digest(models[0.0].generator) == digest(average.generator)
    held, free = (models[mu].history[-1]["loss_l1"] for mu in (1e3, 0.0))
    assert held > free, "weights that are held learn less"
