"""Arithmetic of a training: number format, device, threads, determinism."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from gfce.config import Training
from gfce.errors import UserError

Precision = Literal["float32", "bfloat16"]
"""Number format of convolutions and attention, `training.precision` of a configuration."""


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """Context in which convolutions and attention use the given precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def find_device(name: str) -> torch.device:
    """The device that a configuration names (`auto`: a GPU if there is one).

    Raises:
        UserError: a GPU is asked for and this machine has none that torch can use.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise UserError("training.device: cuda: this machine has no usable GPU: use auto or cpu")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


@contextmanager
def reproducible(settings: Training, seed: int, device: torch.device) -> Iterator[None]:
    """Deterministic algorithms, fixed threads, seeded random states; restores the former ones.

    Where torch has no deterministic algorithm it warns instead of stopping.
    """
    # cuBLAS reads this when it starts; unset, its matrix products are not deterministic.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    threads, algorithms = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    fill = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            torch.set_num_threads(settings.threads)
            # The same as use_deterministic_algorithms(True, warn_only=True), which would import
            # torch's compiler, too: more than everything else that a prediction imports.
            torch.set_deterministic_debug_mode("warn")
            # A debugging aid that writes every new tensor twice.
            torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
            torch.manual_seed(seed)
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_deterministic_debug_mode(algorithms)
            torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]
