"""Volumes that are unlike those of their own institution."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gfce.quality.columns import COMPARED, Measured

MIN_PATIENTS = 5
"""The fewest patients of an institution that one of them is compared with."""
THRESHOLD = 6.0
"""Robust z score from which a value is unlike the others: Iglewicz and Hoaglin (1993) take 3.5 for
one quantity; here are some twenty of each of three volumes, and few patients."""
TO_SD = 1.4826
"""SD of a normal distribution over its median absolute deviation."""


def mark(table: pd.DataFrame) -> pd.Series:
    """The column `outlier` of quality.csv: names of columns, joined by `;`.

    z = |value - median| / max(1.4826 MAD, tolerance), over the volumes of one institution and one
    modality; `gfce.quality.columns` has each column's tolerance.
    """
    marked = pd.Series([""] * len(table), index=table.index, dtype=object)
    for _, group in table.groupby(["institution", "modality"], sort=False):
        if len(group) >= MIN_PATIENTS:
            for column in COMPARED:
                for index in group.index[_unlike(group[column.name], column)]:
                    marked[index] = ";".join(filter(None, [marked[index], column.name]))
    return marked


def _unlike(cells: pd.Series, column: Measured) -> np.ndarray:
    """Which values are unlike the others, (patient,); an empty one never is."""
    values = pd.to_numeric(cells).to_numpy(dtype=np.float64, na_value=np.nan)
    if column.relative:
        values = np.log(np.where(values > 0, values, np.nan))
    known = values[np.isfinite(values)]
    if len(known) < MIN_PATIENTS:
        return np.zeros(len(values), dtype=bool)
    distance = np.abs(values - np.median(known))
    mad = float(np.median(distance[np.isfinite(distance)]))
    scores = distance / max(TO_SD * mad, float(column.tolerance or 0))
    return np.asarray(np.isfinite(scores) & (scores > THRESHOLD))
