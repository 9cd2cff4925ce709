"""Augmentations: what they change, what they leave, and that trainings with them are resumed."""

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from examples import NETWORKS, digest, run
from test_resume import after_steps, assert_same
from torch import Tensor

from gfce.config import Repair
from gfce.repairs import METHODS, physics, stacked
from gfce.repairs.method import Options
from gfce.training.interruption import TrainingStopped

AUGMENTATIONS = [name for name, method in METHODS.items() if method.augment]
CE = 2


def options_of(name: str, **changes: float) -> dict[str, int | float]:
    return {key: option.default for key, option in METHODS[name].options.items()} | changes


def augment(name: str, images: Tensor, seed: int = 3, **changes: float) -> Tensor:
    change: Callable[[Tensor, Options, np.random.Generator], Tensor] | None
    change = METHODS[name].augment
    assert change is not None
    return change(images, options_of(name, **changes), np.random.default_rng(seed))


def head(rows: int = 40, columns: int = 36) -> Tensor:
    """A disc of soft tissue with a rim of fat, in noiseless air, network units of Z-Score."""
    y, x = np.mgrid[:rows, :columns] + 0.5
    radius = np.hypot(y / rows - 0.5, x / columns - 0.5)
    t1w = np.select([radius < 0.35, radius < 0.42], [0.3 + radius, 1.0], 0.0)
    t2w = np.select([radius < 0.35, radius < 0.42], [1.0 - radius, 0.4], 0.0)
    ce = np.select([radius < 0.1, radius < 0.35, radius < 0.42], [0.8, 0.4, 0.1], 0.0)
    return torch.tensor(np.stack([t1w, t2w, ce]), dtype=torch.float32) * 3 - 1


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_a_resumed_training_is_the_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    repair = Repair(method=name, options=options_of(name))
    network = NETWORKS["unet"]
    expected = run(tmp_path / "undisturbed", network=network, repair=repair)
    with monkeypatch.context() as patch:
        after_steps(patch, 5, lambda: signal.raise_signal(signal.SIGTERM))
        with pytest.raises(TrainingStopped):
            run(tmp_path, network=network, repair=repair)
    assert_same(run(tmp_path, network=network, repair=repair), expected)
    plain = run(tmp_path / "plain", network=network)
    assert digest(plain.generator) != digest(expected.generator)
    never = Repair(method=name, options=options_of(name, probability=0.0))
    assert_same(run(tmp_path / "never", network=network, repair=never), plain)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_slices_stay_of_use(name: str) -> None:
    images = head()
    for seed in range(8):
        changed = augment(name, images, seed, probability=1.0)
        assert changed.shape == images.shape
        assert changed.dtype == torch.float32
        assert changed.isfinite().all()
        assert type(changed) is torch.Tensor
        for before, after in zip(images[:CE], changed[:CE], strict=True):
            assert not torch.equal(before, after)
    assert torch.equal(images, head()), "the training's own slices are not written to"


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("level", [-1.0, 0.0, 1.0])
def test_an_empty_slice_stays_finite(name: str, level: float) -> None:
    empty = torch.full((3, 40, 36), level)
    assert augment(name, empty, probability=1.0).isfinite().all()


OF_INPUTS = (physics._echo_time, physics._fat, physics._noise, physics._gain)
OF_ALL = (physics._coils, physics._matrix)


@pytest.mark.parametrize("name", ["intensity", "physics"])
def test_ce_has_no_noise_gain_or_contrast_of_its_own(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(physics, "TRANSFORMS", OF_INPUTS)
    neutral = {"bias": 0.0, "blur": 0.0} if name == "intensity" else {}
    images = head()
    changed = augment(name, images, probability=1.0, **neutral)
    torch.testing.assert_close(changed[CE], images[CE], rtol=0, atol=1e-5)
    assert (changed[:CE] - images[:CE]).abs().mean() > 0.02


@pytest.mark.parametrize("name", ["intensity", "physics"])
def test_coils_and_matrix_are_of_all_series(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(physics, "TRANSFORMS", OF_ALL)
    neutral = {"gamma": 0.0, "gain": 0.0, "noise": 0.0} if name == "intensity" else {}
    alike = head()[:1].expand(3, -1, -1).clone()
    changed = augment(name, alike, probability=1.0, **neutral)
    for other in changed[1:]:
        torch.testing.assert_close(other, changed[0], rtol=0, atol=1e-5)
    assert (changed - alike).abs().mean() > 0.05


def test_shape_is_changed_in_all_images_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacked, "QUALITY", ())
    monkeypatch.setattr(stacked, "APPEARANCE", ())
    alike = head()[:1].expand(3, -1, -1).clone()
    changed = augment("stacked", alike, probability=1.0)
    assert torch.equal(changed[0], changed[1]) and torch.equal(changed[0], changed[2])
    assert (changed - alike).abs().mean() > 0.1
    assert changed.min() >= alike.min() - 1e-5, "what comes from outside is air"


def test_a_longer_tr_is_that_of_t1w_and_ce() -> None:
    """S = K (1 - exp(-TR/T1)): ln(1 - S/K) of every tissue grows by one factor."""
    recovered = torch.linspace(0.05, physics.RECOVERED, 40 * 36).reshape(40, 36)
    signals = 7 * torch.stack([recovered, recovered.flip(0), recovered.flip(1)])
    signals = signals / physics._brightest(signals) * 7 * physics.RECOVERED
    signals = signals.clamp(max=7 * physics.RECOVERED)
    options = options_of("physics")
    changed = physics._repetition_time(signals, options, np.random.default_rng(0))
    ratio = torch.log1p(-changed / 7) / torch.log1p(-signals / 7)
    factor = float(ratio[0, 20, 20])
    assert abs(factor - 1) > 0.01
    for index in (physics.T1W, physics.CE):
        torch.testing.assert_close(ratio[index], torch.full((40, 36), factor), rtol=2e-3, atol=0)
    assert torch.equal(changed[physics.T2W], signals[physics.T2W])


def test_fat_is_suppressed_in_t2w_alone() -> None:
    images = head() - head().amin(dim=(-2, -1), keepdim=True)
    changed = physics._fat(images, options_of("physics", fat=0.0), np.random.default_rng(0))
    fat = images[physics.T1W] > 2.9
    assert fat.any() and (changed[physics.T2W][fat] == 0).all()
    tissue = images[physics.T1W] < 1.7
    assert torch.equal(changed[physics.T2W][tissue], images[physics.T2W][tissue])
    assert torch.equal(changed[[physics.T1W, physics.CE]], images[[physics.T1W, physics.CE]])
