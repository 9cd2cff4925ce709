"""What the images of an institution are like, by patients.csv, for cards that name no patient."""

from __future__ import annotations

from typing import Any

import pandas as pd

COLUMNS = {
    "field_strength_t": "Field strength (T)",
    "slices": "Slices",
    "voxel_mm": "Voxels (mm)",
}
"""Of patients.csv, what says how images are, and how it is called."""
SHOWN = 4
"""Different values that are all named."""


def characteristics(patients: pd.DataFrame) -> list[str]:
    """The values of each of `COLUMNS` that these rows of patients.csv have."""
    return [value_range(patients[column]) for column in COLUMNS]


def value_range(column: pd.Series[Any]) -> str:
    """The values of several patients: all of few; of many the extremes, or how many there are."""
    known = sorted(column.dropna().unique().tolist())
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in known]
    if len(texts) <= SHOWN:
        return ", ".join(texts) or "not known"
    is_text = isinstance(known[0], str)
    return f"{len(texts)} different" if is_text else f"{texts[0]} to {texts[-1]}"
