import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from examples import example_slices

from gfce.errors import UserError
from gfce.training.data import Batches, TrainingSlices, epoch_order


def test_order_depends_on_seed_and_epoch_alone() -> None:
    first = epoch_order(50, 1, 0, shuffle=True)
    assert sorted(first) == list(range(50))
    assert np.array_equal(first, epoch_order(50, 1, 0, shuffle=True))
    assert not np.array_equal(first, epoch_order(50, 1, 1, shuffle=True))
    assert not np.array_equal(first, epoch_order(50, 2, 0, shuffle=True))
    assert epoch_order(5, 1, 0, shuffle=False).tolist() == [0, 1, 2, 3, 4]


def test_batches_are_the_epoch_s_order_in_pieces() -> None:
    cpu = torch.device("cpu")
    batches = Batches(example_slices(5), size=2, seed=1, shuffle=True)
    pieces = batches.indices(3, cpu)
    assert [len(piece) for piece in pieces] == [2, 2, 1]
    assert len(batches) == 3
    assert torch.cat(pieces).tolist() == epoch_order(5, 1, 3, shuffle=True).tolist()
    first, second = pieces[1].tolist()
    assert batches.describe(3, 1) == (
        f"patient sub-{first:02} slice {10 + first}, patient sub-{second:02} slice {10 + second}"
    )
    in_order = replace(batches, shuffle=False).indices(3, cpu)
    assert torch.cat(in_order).tolist() == [0, 1, 2, 3, 4]


def test_slices_of_no_use_are_refused() -> None:
    slices = example_slices()
    broken = slices.t2w.copy()
    broken[1, 3, 3] = np.nan
    with pytest.raises(UserError, match=r"patient sub-01 slice 11: T2w .* not finite"):
        replace(slices, t2w=broken)
    empty = np.empty((0, 36, 40), np.float32)
    with pytest.raises(UserError, match="no slices"):
        TrainingSlices(empty, empty, empty, (), ())


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    slices = example_slices()
    with pytest.raises(ValueError, match="one shape"):
        replace(slices, ce=slices.ce[:1])
    with pytest.raises(ValueError, match="one entry per slice"):
        replace(slices, patient_ids=("sub-01",))


def test_slices_on_a_device_are_float32_images() -> None:
    slices = example_slices()
    t1w, _, ce = slices.to(torch.device("cpu"))
    assert t1w.shape == (3, 1, 36, 40)
    assert np.array_equal(ce[:, 0].numpy(), slices.ce)


def test_what_a_stopped_training_is_can_be_known_without_torch() -> None:
    code = """
import sys
sys.modules.update(dict.fromkeys(["torch", "safetensors"]))
from gfce.training.interruption import TrainingStopped
"""
    subprocess.run([sys.executable, "-c", code], check=True)
