"""Batch normalization by the statistics of the test patient in place of the training set's.

Adaptive batch normalization (Li et al. 2016, arXiv:1603.04779), with a patient as its own domain:
mean and variance of each batch normalization layer are estimated anew on the patient's slices, as a
training estimates them (batches of `training.batch_size` in the volume's order, each normalized by
its own statistics; unbiased variances), and averaged over the batches. Weights stay as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gfce.repairs.method import Application, Method

if TYPE_CHECKING:
    from torch import nn


def estimate(application: Application) -> Application:
    """Replace the generator by a copy with statistics of the patient's slices."""
    import torch

    from gfce.training.arithmetic import autocast

    generator = copy.deepcopy(application.generator)
    for layer in batch_norms(generator):
        layer.reset_running_stats()
        layer.momentum = None  # the mean over the batches
        layer.train()
    device = next(generator.parameters()).device
    with torch.inference_mode(), autocast(device, application.training.precision):
        for t1w, t2w in _batches(application, device):
            generator(t1w, t2w)
    return replace(application, generator=generator.eval())


def batch_norms(generator: nn.Module) -> list[nn.BatchNorm2d]:
    """The batch normalization layers of a network."""
    from torch import nn

    return [layer for layer in generator.modules() if isinstance(layer, nn.BatchNorm2d)]


def _batches(application: Application, device: Any) -> Iterator[tuple[Any, Any]]:
    """T1w and T2w of each batch of slices, (slice, 1, row, column)."""
    import torch

    size = application.training.batch_size
    whole = [
        torch.as_tensor(application.inputs[modality], dtype=torch.float32).unsqueeze(1)
        for modality in ("t1w", "t2w")
    ]
    for t1w, t2w in zip(*(torch.split(volume, size) for volume in whole), strict=True):
        yield t1w.to(device), t2w.to(device)


METHOD = Method(
    title="Batch normalization by the patient's own statistics",
    needs="nothing: each patient's own T1w and T2w",
    norm_layer="batch",
    begins_with_none=True,
    at_test=estimate,
    passes=2,
)
