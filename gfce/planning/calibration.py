"""`gfce plan --calibrate`: a training step measured on this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gfce.config import StudyConfig
from gfce.estimating.networks import step_units
from gfce.estimating.size import StudySize
from gfce.estimating.speed import Speed
from gfce.study import cells

if TYPE_CHECKING:
    from gfce.training.data import TrainingSlices

MEASURED_STEPS = 10
"""Steps that are measured, after as many to warm up."""


def measure_speed(config: StudyConfig, steps: int = MEASURED_STEPS) -> Speed:
    """Train the grid's largest network for a few steps on noise, and time them.

    Run it where the study will run: on a GPU node, for instance by `srun --gpus=1`.

    Raises:
        UserError: as a training does: no such device, not enough memory.
    """
    from gfce.training.loop import train  # torch is slow to import

    cell = max(cells(config), key=lambda cell: config.network(cell.network).width)
    settings = config.training.model_copy(
        update={"epochs": 2, "constant_epochs": 2, "walltime_minutes": None}
    )
    slices = _noise(config, steps * settings.batch_size)
    with tempfile.TemporaryDirectory() as folder:
        model = train(
            slices,
            config.network(cell.network),
            settings,
            bounded=True,
            seed=1,
            checkpoint=Path(folder) / "checkpoint.safetensors",
            key="calibration",
            label="calibration",
        )
    work = steps * step_units(config, StudySize(config).pixels, cell)
    source = f"measured here ({model.device}, {steps} steps)"
    return Speed(0.0, model.history[1]["seconds"] / work, source)


def _noise(config: StudyConfig, count: int) -> TrainingSlices:
    from gfce.training.data import TrainingSlices

    shape = (count, *config.images.matrix)
    generator = np.random.default_rng(1)
    images = [generator.uniform(-1, 1, shape).astype(np.float32) for _ in range(3)]
    t1w, t2w, ce = images
    return TrainingSlices(t1w, t2w, ce, ("noise",) * count, tuple(range(count)))
