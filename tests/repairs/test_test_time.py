"""What repairs at test time do to a patient's inputs and to the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from cohorts import minimal_config
from torch import nn

from gfce.config import Network, Training, parse_config
from gfce.errors import UserError
from gfce.networks import registry
from gfce.repairs.batch_statistics import batch_norms, estimate
from gfce.repairs.histogram_matching import matched, quantile_function
from gfce.repairs.method import Application

TRAINING = Training(epochs=1, constant_epochs=1, threads=1, device="cpu")


def volume(seed: int, shape: tuple[int, ...] = (3, 40, 36)) -> np.ndarray:
    return np.random.default_rng(seed).gamma(2, 1, shape).astype(np.float32)


def test_a_matched_head_has_the_quantiles_of_the_reference_and_its_order() -> None:
    own, head = volume(1), volume(2) > 1
    reference = quantile_function(3 * volume(3) ** 2 - 1)
    result = matched(own, head, reference)
    assert result.dtype == np.float32
    assert np.array_equal(result[~head], own[~head])
    assert quantile_function(result[head]) == pytest.approx(reference, rel=1e-2, abs=1e-2)
    order = np.argsort(own[head])
    assert (np.diff(result[head][order]) >= 0).all()


def test_a_gain_and_an_offset_of_the_scanner_drop_out() -> None:
    own, head = volume(1), volume(2) > 1
    reference = quantile_function(volume(3))
    rescaled = (7 * own + 2).astype(np.float32)
    same = matched(own, head, reference)[head]
    assert matched(rescaled, head, reference)[head] == pytest.approx(same, abs=1e-4)


def test_the_training_set_s_own_histogram_changes_nothing() -> None:
    own, head = volume(1), volume(2) > 1
    assert matched(own, head, quantile_function(own[head]))[head] == pytest.approx(own[head])


def test_clipped_intensities_become_one_value() -> None:
    own, head = np.minimum(volume(1), 1), np.ones((3, 40, 36), bool)
    result = matched(own, head, quantile_function(volume(3)))
    assert len(np.unique(result[own == 1])) == 1
    constant = matched(np.ones_like(own), head, quantile_function(volume(3)))
    assert np.isfinite(constant).all()


def application(network: Network, batch_size: int) -> Application:
    torch.manual_seed(1)
    generator, _ = registry.build(network, bounded=False)
    inputs = {"t1w": volume(1), "t2w": volume(2)}
    training = TRAINING.model_copy(update={"batch_size": batch_size})
    return Application(generator.eval(), inputs, volume(3) > 1, {}, training)


def test_statistics_are_those_of_the_patient_s_slices() -> None:
    before = application(Network(architecture="unet", width=4, norm_layer="batch"), 3)
    after = estimate(before)
    assert all(int(layer.num_batches_tracked) == 0 for layer in batch_norms(before.generator))
    first = batch_norms(after.generator)[0]
    seen: list[torch.Tensor] = []
    watched = batch_norms(before.generator)[0]
    watched.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    slices = [torch.tensor(before.inputs[name]).unsqueeze(1) for name in ("t1w", "t2w")]
    with torch.no_grad():
        before.generator(*slices)
        # In one batch, the patient's statistics are those that training mode normalizes by.
        expected = before.generator.train()(*slices)
        assert torch.allclose(first.running_mean, seen[0].mean((0, 2, 3)), atol=1e-5)
        given = after.generator(*slices)
    assert not after.generator.training
    assert (given - expected).abs().mean() < 0.02 * expected.std()


def test_the_mean_is_over_batches_of_the_training_s_size() -> None:
    network = Network(architecture="unet", width=4, norm_layer="batch")
    single = estimate(application(network, 1))
    layers = batch_norms(single.generator)
    assert {int(layer.num_batches_tracked) for layer in layers} == {3}
    again = estimate(replace(application(network, 1)))
    for layer, other in zip(layers, batch_norms(again.generator), strict=True):
        assert torch.equal(layer.running_var, other.running_var)


def test_batch_statistics_need_batch_normalization() -> None:
    content = minimal_config(grid={"repairs": {"batch_statistics": {}}})
    with pytest.raises(UserError, match="needs a network whose norm_layer is batch"):
        parse_config(content, "test.yaml")
    generator, _ = registry.build(Network(architecture="unet", width=4), bounded=False)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in generator.modules())


def test_few_shot_needs_an_external_institution() -> None:
    content = minimal_config(cohort={"external": []}, grid={"repairs": {"few_shot": {}}})
    with pytest.raises(UserError, match="few_shot needs an external institution to adapt to"):
        parse_config(content, "test.yaml")
