"""Trainings that are stopped, killed or whose checkpoints are damaged end as undisturbed ones."""

import logging
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from examples import NETWORKS, SETTINGS, digest, run
from long import LONG

from gfce.training import loop
from gfce.training.interruption import TrainingStopped
from gfce.training.loop import TrainedModel

NAME = "checkpoint.safetensors"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    model = run(tmp_path_factory.mktemp("undisturbed"))
    torch.set_num_threads(threads)
    return model


def after_steps(monkeypatch: pytest.MonkeyPatch, steps: int, act: Any) -> None:
    """Do something once, after a number of steps."""
    done = 0
    original = loop.train_step

    def step(*arguments: Any) -> Any:
        nonlocal done
        done += 1
        losses = original(*arguments)
        if done == steps:
            act()
        return losses

    monkeypatch.setattr(loop, "train_step", step)


def assert_same(model: TrainedModel, undisturbed: TrainedModel) -> None:
    assert digest(model.generator) == digest(undisturbed.generator)
    for row, other in zip(model.history, undisturbed.history, strict=True):
        assert {**row, "seconds": 0} == {**other, "seconds": 0}


@pytest.mark.parametrize("steps", [1, 3, 5, 9])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_saves_and_stops(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    undisturbed: TrainedModel,
    steps: int,
    number: signal.Signals,
) -> None:
    handler = signal.getsignal(number)
    with monkeypatch.context() as patch:
        after_steps(patch, steps, lambda: signal.raise_signal(number))
        with pytest.raises(TrainingStopped, match=number.name) as stopped:
            run(tmp_path)
    assert stopped.value.exit_code == 75
    assert signal.getsignal(number) == handler
    assert_same(run(tmp_path), undisturbed)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "mmgsn_net"])
def test_every_network_s_state_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    network = NETWORKS[name]
    expected = run(tmp_path / "undisturbed", network=network)
    with monkeypatch.context() as patch:
        after_steps(patch, 5, lambda: signal.raise_signal(signal.SIGTERM))
        with pytest.raises(TrainingStopped):
            run(tmp_path, network=network)
    assert_same(run(tmp_path, network=network), expected)


def test_a_walltime_stops_and_each_run_makes_progress(
    tmp_path: Path, undisturbed: TrainedModel
) -> None:
    hasty = SETTINGS.model_copy(update={"walltime_minutes": 1e-9})
    stops = 0
    while stops < 20:
        try:
            model = run(tmp_path, settings=hasty)
            break
        except TrainingStopped as stopped:
            assert "walltime" in str(stopped)
            stops += 1
    assert stops == 9
    assert_same(model, undisturbed)


def test_a_finished_training_returns_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: TrainedModel
) -> None:
    run(tmp_path)
    monkeypatch.setattr(loop, "train_step", None)
    begin = time.monotonic()
    assert_same(run(tmp_path), undisturbed)
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize("both", [False, True])
def test_a_damaged_checkpoint_is_set_aside(
    tmp_path: Path, undisturbed: TrainedModel, caplog: pytest.LogCaptureFixture, both: bool
) -> None:
    run(tmp_path)
    damaged = [NAME, "checkpoint.previous.safetensors"][: 1 + both]
    for name in damaged:
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
    with caplog.at_level(logging.INFO):
        assert_same(run(tmp_path), undisturbed)
    assert caplog.text.count("not a complete checkpoint") == len(damaged)
    assert ("continues at epoch 3" in caplog.text) is not both
    assert (tmp_path / f"{NAME}.set-aside").exists()


def test_a_foreign_checkpoint_is_set_aside(
    tmp_path: Path, undisturbed: TrainedModel, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path, seed=2, key="other")
    assert_same(run(tmp_path), undisturbed)
    assert "another configuration" in caplog.text


def test_kills_at_random_moments() -> None:
    """A few of them; `python tests/training/kill_training.py --kills 100` does more."""
    program, kills = Path(__file__).with_name("kill_training.py"), 20 if LONG else 2
    done = subprocess.run(
        [sys.executable, program, "--kills", str(kills), "--seed", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{kills} kills" in done.stdout
