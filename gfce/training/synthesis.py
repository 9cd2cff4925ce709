"""Synthesis of contrast-enhanced slices with a trained generator."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gfce.training.arithmetic import Precision, autocast


def synthesize(
    generator: nn.Module,
    t1w: NDArray[np.float32],
    t2w: NDArray[np.float32],
    batch_size: int,
    precision: Precision = "float32",
) -> NDArray[np.float32]:
    """Synthesize CE slices on the device where the generator is.

    Args:
        generator: maps (t1w, t2w) to ce.
        t1w: normalized slices, float32 (slice, row, column).
        t2w: as t1w.
        batch_size: slices at once; more need more memory, and the result is the same.
        precision: arithmetic of convolutions and attention.

    Returns:
        Normalized CE slices, float32 (slice, row, column).
    """
    device = next(generator.parameters()).device
    generator.eval()
    synthetic = np.empty_like(t1w, dtype=np.float32)
    with torch.inference_mode(), autocast(device, precision):
        for start in range(0, len(t1w), batch_size):
            batch = slice(start, start + batch_size)
            inputs = (
                torch.tensor(images[batch], dtype=torch.float32, device=device).unsqueeze(1)
                for images in (t1w, t2w)
            )
            synthetic[batch] = generator(*inputs).squeeze(1).float().cpu().numpy()
    return synthetic
