"""Small cohorts and configurations to test on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gfce.cohort.bids import Patient, write_dataset, write_patient
from gfce.config import StudyConfig
from gfce.images.arrays import Geometry
from gfce.images.volumes import Image, to_image

REPOSITORY = Path(__file__).parent.parent
Configure = Callable[..., StudyConfig]


def minimal_config(**changes: Any) -> dict[str, Any]:
    """The content of a small configuration; sections are replaced key by key."""
    content: dict[str, Any] = {
        "study": "tiny",
        "cohort": {
            "dataset": "data",
            "development": ["A", "B", "C"],
            "external": ["D"],
            "training_patients": 2,
        },
        "images": {"matrix": [40, 36]},
        "grid": {"networks": {"mmgsn_net": {"width": 8}}},
        "training": {"epochs": 1, "constant_epochs": 1, "threads": 1, "device": "cpu"},
    }
    for section, value in changes.items():
        if isinstance(value, dict):
            content[section] = {**content.get(section, {}), **value}
        else:
            content[section] = value
    return content


def head(seed: int, slices: int = 3, rows: int = 24, columns: int = 20) -> np.ndarray:
    """A bright ellipse with texture in a dark, noisy background, (slice, row, column)."""
    generator = np.random.default_rng(seed)
    row, column = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    inside = (row / 0.8) ** 2 + (column / 0.7) ** 2 < 1
    noise = generator.normal(0, 5, (slices, rows, columns))
    return np.abs(inside * (300 + 80 * np.sin(5 * row + seed)) + noise).astype(np.float32)


def image(seed: int, spacing: tuple[float, ...] = (2.0, 1.5, 4.0)) -> Image:
    """The same as an image."""
    return to_image(head(seed), Geometry(spacing, (-10.0, -20.0, 30.0)))


def write_cohort(root: Path, patients: dict[str, str]) -> None:
    """A BIDS dataset of random heads: patient id -> institution."""
    for number, (patient_id, institution) in enumerate(patients.items()):
        images = {m: image(3 * number + k) for k, m in enumerate(("t1w", "t2w", "ce"))}
        sidecars = {"t1w": {"MagneticFieldStrength": 3}}
        write_patient(root, Patient(patient_id, institution, images, sidecars))
    write_dataset(root, "Random heads", patients, "tests")


COHORT = {f"sub-{name}{number}": name for name in "ABC" for number in (1, 2, 3)} | {"sub-D1": "D"}
"""Three development institutions of three patients and an external one."""
