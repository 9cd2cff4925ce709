"""Choosing rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd


def where(table: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """The rows that have these values, by column."""
    chosen = np.ones(len(table), dtype=bool)
    for column, value in values.items():
        chosen &= (table[column] == value).to_numpy(bool)
    return table[chosen]
