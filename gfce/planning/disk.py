"""Disk that a study's results take, folder by folder."""

from __future__ import annotations

from gfce.estimating.networks import weights_bytes
from gfce.estimating.size import StudySize
from gfce.study import cells

FLOAT = 4
"""Bytes of a float32."""

COMPRESSION = 0.9
"""Size of a gzipped float32 volume against the plain one: noise hardly shrinks."""

ROW = 200
"""Bytes of a row of metrics.csv."""


def disk_bytes(size: StudySize) -> dict[str, int]:
    """Expected bytes of each folder of `results/<study>`."""
    grid = cells(size.config)
    tested = sum(size.test_patients(cell) for cell in grid)
    volume = size.pixels * size.slices
    sizes = {cell: weights_bytes(size.config, cell) for cell in grid}
    return {
        "cohort": 600 * size.all_patients,
        # Three volumes and two masks.
        "images": size.all_patients * volume * (3 * FLOAT + 2),
        "models": sum(sizes[cell] * size.models(cell) for cell in grid),
        # Generator and discriminator with Adam's two moments, now and one checkpoint ago.
        "checkpoints": 2 * 4 * sum(sizes[cell] * size.trainings(cell) for cell in grid),
        "predictions": int(tested * volume * FLOAT * COMPRESSION),
        # Per cell and gathered; up to three regions in two scalings.
        "metrics": 2 * 6 * ROW * tested,
        "enhancement": 2 * 3 * ROW * tested,
        "tables": 400_000,
        "figures": 10_000_000,
        "logs": 5_000 * 3 * len(grid),
    }
