"""The slices that a model is trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gfce.errors import UserError

Batch = tuple[Tensor, Tensor, Tensor]
"""t1w, t2w and ce, each (slice, 1, row, column)."""

Augment = Callable[[Batch, int, int], Batch]
"""Changes the batch of an epoch (from 0) and a step."""


@dataclass(frozen=True)
class TrainingSlices:
    """Aligned slices of all training patients, in network units.

    Attributes:
        t1w: pre-contrast T1w, float32 (slice, row, column).
        t2w: as t1w.
        ce: contrast-enhanced T1w, as t1w.
        patient_ids: the patient of each slice.
        slice_numbers: the position of each slice in its patient's volume.
        institutions: the institution of each slice (empty: not said).

    Raises:
        UserError: no slices, or an intensity that is not finite.
        ValueError: arrays or names that do not belong together.
    """

    t1w: NDArray[np.float32]
    t2w: NDArray[np.float32]
    ce: NDArray[np.float32]
    patient_ids: tuple[str, ...]
    slice_numbers: tuple[int, ...]
    institutions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = self.t1w.shape
        if any(images.shape != shape for images in (self.t2w, self.ce)) or len(shape) != 3:
            raise ValueError("t1w, t2w and ce must be (slice, row, column) arrays of one shape")
        if {len(self.patient_ids), len(self.slice_numbers)} != {len(self)}:
            raise ValueError("patient_ids and slice_numbers must have one entry per slice")
        if len(self.institutions) not in (0, len(self)):
            raise ValueError("institutions must have one entry per slice")
        if not len(self):
            raise UserError("the training set has no slices: check its patients' volumes")
        for name, images in (("T1w", self.t1w), ("T2w", self.t2w), ("CE", self.ce)):
            self._check_finite(name, images)

    def __len__(self) -> int:
        return len(self.t1w)

    def _check_finite(self, name: str, images: NDArray[np.float32]) -> None:
        for index, image in enumerate(images):
            if not np.isfinite(image).all():
                raise UserError(
                    f"{self.describe([index])}: {name} has an intensity that is not finite: "
                    "check the volume and its normalization"
                )

    def describe(self, indices: list[int]) -> str:
        """Name slices for a message."""
        return ", ".join(
            f"patient {self.patient_ids[i]} slice {self.slice_numbers[i]}" for i in indices
        )

    def to(self, device: torch.device) -> Batch:
        """All slices on a device, where batches are then taken without any transfer."""
        t1w, t2w, ce = (
            torch.tensor(images, dtype=torch.float32, device=device).unsqueeze(1)
            for images in (self.t1w, self.t2w, self.ce)
        )
        return t1w, t2w, ce


@dataclass(frozen=True)
class Batches:
    """The slices of each training step.

    Attributes:
        slices: the training set.
        size: slices per step; the last step of an epoch may have fewer.
        seed: seed of the order.
        shuffle: whether each epoch is in a random order (otherwise: that of the training set).
        augment: what changes them (None: nothing does).
    """

    slices: TrainingSlices
    size: int
    seed: int
    shuffle: bool
    augment: Augment | None = None

    def __len__(self) -> int:
        """Steps of an epoch."""
        return -(-len(self.slices) // self.size)

    def indices(self, epoch: int, device: torch.device) -> tuple[Tensor, ...]:
        """Indices of the slices of each step of an epoch (from 0), int64, on a device."""
        order = epoch_order(len(self.slices), self.seed, epoch, shuffle=self.shuffle)
        return torch.split(torch.tensor(order, device=device), self.size)

    def take(self, images: Batch, chosen: Tensor, epoch: int, step: int) -> Batch:
        """The images of a step (epoch and step from 0), whose indices are `chosen`."""
        t1w, t2w, ce = (every[chosen] for every in images)
        batch = (t1w, t2w, ce)
        return batch if self.augment is None else self.augment(batch, epoch, step)

    def describe(self, epoch: int, step: int) -> str:
        """Name the slices of a step (epoch and step from 0) for a message."""
        return self.slices.describe(self.indices(epoch, torch.device("cpu"))[step].tolist())


def epoch_order(slices: int, seed: int, epoch: int, *, shuffle: bool) -> NDArray[np.int64]:
    """Order of the slices in an epoch (from 0), which the seed and the epoch alone decide."""
    order = np.arange(slices)
    return np.random.default_rng([seed, epoch]).permutation(order) if shuffle else order
