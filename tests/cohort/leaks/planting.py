"""A small simulated study, and leaks that are planted in its dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from cohorts import minimal_config
from scipy import ndimage

from gfce.cohort.leaks import find_leaks
from gfce.cohort.tables import LEAKS
from gfce.config import StudyConfig
from gfce.images.arrays import Geometry
from gfce.images.modalities import MODALITIES
from gfce.images.reading import read_image
from gfce.images.volumes import to_array, to_image
from gfce.images.writing import write_image
from gfce.study import Results, read_patients

INSTITUTIONS = [f"Institution-{number}" for number in range(1, 5)]


def content(folder: Path) -> dict[str, Any]:
    return minimal_config(
        results=folder / "results",
        cohort={
            "dataset": folder / "data",
            "development": INSTITUTIONS[:3],
            "external": INSTITUTIONS[3:],
        },
        simulation={
            "patients": dict.fromkeys(INSTITUTIONS, 3) | {"Institution-4": 2},
            "coarsening": 4,
            "slices": 14,
            # T1w and CE of this institution look most alike.
            "changes": {"Institution-1": {"ce_fat_suppression": False}},
        },
    )


def patient(config: StudyConfig, institution: int, split: str, number: int = 0) -> Any:
    """The row of patients.csv of one patient of an institution and a split."""
    table = read_patients(Results(config))
    of = (table["institution"] == f"Institution-{institution}") & (table["split"] == split)
    return table[of].iloc[number]


def read(config: StudyConfig, row: Any, modality: str) -> tuple[np.ndarray, Geometry]:
    image = read_image(config.cohort.dataset / row[modality])
    return to_array(image), Geometry.of(image)


def write(
    config: StudyConfig, row: Any, modality: str, array: np.ndarray, geometry: Geometry
) -> None:
    write_image(to_image(array, geometry), config.cohort.dataset / row[modality])


def only_row(config: StudyConfig, **options: Any) -> dict[str, Any]:
    table = find_leaks(config, **options)
    assert len(table) == 1, table.to_string()
    return {str(key): value for key, value in table.iloc[0].items()}


def expected(
    severity: str, kind: str, first: Any, second: Any = None, **more: Any
) -> dict[str, Any]:
    """A row of leaks.csv but for its score."""
    row = dict.fromkeys(LEAKS.names) | {"severity": severity, "kind": kind, "training_sets": ""}
    row |= {"patient_id": first["patient_id"], "institution": first["institution"]}
    if second is not None:
        row |= {"other_patient_id": second["patient_id"]}
        row |= {"other_institution": second["institution"]}
    return row | more


def same(row: dict[str, Any], expectation: dict[str, Any]) -> bool:
    """Whether a row is as expected, whatever its score."""
    return all(
        row[name] == expectation[name] or (pd.isna(row[name]) and expectation[name] is None)
        for name in LEAKS.names
        if name != "score"
    )


def export_again(config: StudyConfig, source: Any, goal: Any, seed: int = 0) -> None:
    """Give one patient the images of another: other noise, gain and gamma, 2 mm away, cropped."""
    generator = np.random.default_rng(seed)
    for modality in MODALITIES:
        array, geometry = read(config, source, modality)
        moved = ndimage.shift(array, [0, *(2 / step for step in geometry.spacing[:2])], order=1)
        scaled = 700 * (moved / moved.max()) ** 0.8
        noisy = np.abs(scaled + generator.normal(0, 10, array.shape))
        write(config, goal, modality, noisy[1:, 3:, 2:].astype(np.int16), geometry)
