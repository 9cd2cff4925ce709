"""What the tests of networks and of trainings share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn


@pytest.fixture(autouse=True)
def one_seeded_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(7)
    yield
    torch.set_num_threads(threads)


def random_slices(*shape: int) -> tuple[Tensor, Tensor]:
    """T1w and T2w in the networks' range."""
    return 2 * torch.rand(shape) - 1, 2 * torch.rand(shape) - 1


def assert_bfloat16_output_is_float32_and_close(network: nn.Module, *inputs: Tensor) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        rounded = network(*inputs)
    exact = network(*inputs)
    assert rounded.dtype == torch.float32
    assert (rounded - exact).abs().mean() < 0.05 * exact.std()
