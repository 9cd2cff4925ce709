"""Memory of what steps hold, in MB (10**6 bytes)."""

from __future__ import annotations

from gfce.estimating.networks import weights_bytes
from gfce.estimating.size import StudySize
from gfce.study import Cell, method_of

PYTHON_MB = 1000
"""Python with NumPy, pandas, SimpleITK and Matplotlib: 0.16 to 0.36 GB resident in the demo's jobs
without torch (Snakemake's benchmarks, Linux on x86-64), trebled for other builds of the
libraries."""
TORCH_MB = {"cpu": 1000, "gpu": 4000}
"""Python with torch: 0.44 to 0.47 GB in the demo's trainings and predictions, doubled. With a GPU,
whose context and libraries count as the host's memory too, assumed: none was at hand."""
TRAINING_COPIES = 3
"""Copies of the training slices while they are read, normalized and moved to the device (counted
in `gfce.training.cell`)."""
MAPS_MB = 4e-4
"""Feature maps of one training step by pixel and width. Measured on a CPU (matrix 128 x 112 and
256 x 224, width 8 to 64, batch 1 and 4; tests/planning/test_resources.py), plus 30 %."""
ATTENTION_COPIES = 2.5
"""Copies of the attention's square matrix, whose side is a sixteenth of the pixels (measured with
the same trainings)."""
FLOAT = 4
"""Bytes of a float32."""


def volume_mb(size: StudySize) -> float:
    """One resampled volume, float32."""
    return size.pixels * size.slices * FLOAT / 1e6


def weights_mb(size: StudySize, cell: Cell) -> float:
    """Weights, gradients, Adam's two moments, and the checkpoint while it is written."""
    return 8 * weights_bytes(size.config, cell) / 1e6


def trained_models(size: StudySize, cell: Cell) -> int:
    """Models that a training holds: one, or the common one and that of each hospital."""
    method = method_of(size.config, cell)
    if method is None or not method.train:
        return 1
    return 1 + len(size.config.training_sets()[cell.training_set])


def training_slices_mb(size: StudySize, cell: Cell) -> float:
    """The T1w, T2w and CE slices of a training set, with their copies."""
    return TRAINING_COPIES * 3 * size.training_slices(cell) * size.pixels * FLOAT / 1e6


def torch_mb(size: StudySize, cell: Cell) -> float:
    """Python with torch and, where the host's memory is the device's, one step of the cell."""
    if size.config.training.device == "cpu":
        return TORCH_MB["cpu"] + activations_mb(size, cell)
    return TORCH_MB["gpu"]


def activations_mb(size: StudySize, cell: Cell) -> float:
    """Memory of one step on its device, from the matrix, the width and the batch."""
    training = size.config.training
    maps = MAPS_MB * size.pixels * size.config.network(cell.network).width
    attention = ATTENTION_COPIES * (size.pixels / 16) ** 2 * FLOAT / 1e6
    return training.batch_size * (maps + attention) * 0.5 ** (training.precision == "bfloat16")
