import logging
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gfce.training import checkpoint as checkpoints
from gfce.training.checkpoint import Checkpoint, previous


def example(epoch: int) -> Checkpoint:
    tensors = {"weight": torch.full((3, 4), float(epoch)), "step": torch.tensor(2.0)}
    return Checkpoint(tensors, {"epoch": epoch, "history": [{"loss": 0.1}]})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two checkpoints: epoch 1, and epoch 2 after it."""
    path = tmp_path / "model" / "checkpoint.safetensors"
    for epoch in (1, 2):
        checkpoints.write(path, example(epoch), "key")
    return path


def test_what_is_written_is_read(path: Path) -> None:
    read = checkpoints.read(path, "key")
    assert read is not None
    assert read.values == example(2).values
    assert torch.equal(read.tensors["weight"], example(2).tensors["weight"])
    assert read.tensors["step"].shape == ()


def test_no_checkpoint(tmp_path: Path) -> None:
    assert checkpoints.read(tmp_path / "none.safetensors", "key") is None


def test_the_previous_one_is_read_where_a_crash_left_no_last_one(path: Path) -> None:
    path.unlink()
    read = checkpoints.read(path, "key")
    assert read is not None
    assert read.values["epoch"] == 1


def test_a_foreign_checkpoint_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert checkpoints.read(path, "other") is None
    assert len(caplog.records) == 2
    assert "another configuration" in caplog.text
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "checkpoint.previous.safetensors.set-aside",
        "checkpoint.safetensors.set-aside",
    ]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.floats(0, 1, exclude_max=True), truncate=st.booleans(), bit=st.integers(0, 7))
def test_damage_anywhere_is_noticed(path: Path, place: float, truncate: bool, bit: int) -> None:
    whole, good = path.read_bytes(), previous(path).read_bytes()
    index = int(place * len(whole))
    damaged = bytearray(whole)
    damaged[index] ^= 1 << bit
    path.write_bytes(whole[:index] if truncate else bytes(damaged))
    read = checkpoints.read(path, "key")
    assert read is not None
    # Some bytes of the header are white space or name order: then the content is still whole.
    assert read.values["epoch"] == 1 or (
        not truncate and torch.equal(read.tensors["weight"], example(2).tensors["weight"])
    )
    path.write_bytes(whole)
    previous(path).write_bytes(good)
