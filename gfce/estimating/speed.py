"""How long a training or prediction takes: a step's seconds from the network's and images' size."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gfce.config import StudyConfig
from gfce.estimating.networks import step_units
from gfce.estimating.size import StudySize
from gfce.study import Cell, method_of

INFERENCE = 0.3
"""Time of a slice's prediction against that of its training step, which also has a backward pass
of about twice the work."""

START_SECONDS = 60.0
"""Imports, reading of the images, first step: 10 s in the demo's predictions on one CPU core, with
room for a file system that many jobs share."""


@dataclass(frozen=True)
class Speed:
    """Seconds of a training step: `overhead + per_unit * step_units`.

    Attributes:
        overhead: seconds of a step whatever its size.
        per_unit: seconds of a unit of its work.
        source: where these are from.
        is_assumed: whether they are of other machines than the study will run on.
    """

    overhead: float
    per_unit: float
    source: str
    is_assumed: bool = False

    def step_seconds(self, size: StudySize, cell: Cell) -> float:
        """Seconds of one step."""
        return self.overhead + self.per_unit * step_units(size.config, size.pixels, cell)

    def train_seconds(self, size: StudySize, cell: Cell) -> float:
        """Seconds of a cell's training."""
        return START_SECONDS + size.steps(cell) * self.step_seconds(size, cell)

    def predict_seconds(self, size: StudySize, cell: Cell) -> float:
        """Seconds of a cell's predictions."""
        method = method_of(size.config, cell)
        passes = method.passes if method else 1
        steps = passes * size.test_patients(cell) * size.slices / size.config.training.batch_size
        return START_SECONDS + INFERENCE * steps * self.step_seconds(size, cell)


GPU = Speed(0.05, 1e-9, "assumed for a data-centre GPU", is_assumed=True)
"""Cautious: 1e-9 s is a fifth of an A100's float32 peak. `gfce plan` measures from run.json."""

CPU = Speed(0.05, 3e-7, "measured on one CPU core", is_assumed=True)
"""One core, widths 8 to 64, matrices 40 x 36 to 256 x 224, rounded up."""


def assumed_speed(config: StudyConfig) -> Speed:
    """The speed where nothing has been measured yet."""
    return CPU if config.training.device == "cpu" else GPU


def measured_speed(runs: Iterable[Path]) -> Speed | None:
    """The speed that finished trainings had, from their run.json (None: there is none)."""
    measured = [speed for path in runs if (speed := _per_unit(path)) is not None]
    if not measured:
        return None
    return Speed(0.0, statistics.median(measured), f"measured in {len(measured)} run.json")


def _per_unit(path: Path) -> float | None:
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        if "weights_of" in run:
            return None  # a short training, or none: mostly other work
        cell, config = Cell(**run["cell"]), StudyConfig.model_validate(run["config"])
        pixels = StudySize(config).pixels
        seconds = max(run["wall_seconds"] - START_SECONDS / 2, run["wall_seconds"] / 2)
        return seconds / (run["steps"] * step_units(config, pixels, cell))
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return None  # half written, or of a version with other keys: there are others
