"""Columns that came to the tables later, and stand only in files that say something there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from gfce.files import write_csv
from gfce.study import AXES

ABSENT = {name: axis.absent for name, axis in AXES.items() if axis.absent is not None}
"""Columns of axes that came to the grid later, by the value that a file without them stands for:
studies that do not use such an axis keep their files to the byte."""


def silent_columns(table: pd.DataFrame) -> list[str]:
    """The columns of a table that hold nothing but `ABSENT`."""
    return [name for name in ABSENT if name in table and (table[name] == ABSENT[name]).all()]


def with_absent(table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """A table that has been read, with those of the columns that were not written."""
    names = list(columns)
    for name in (name for name in names if name in ABSENT and name not in table):
        before = sum(known in table for known in names[: names.index(name)])
        table.insert(before, name, ABSENT[name])
    return table


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table of the results (`write_csv`), without columns that say nothing."""
    write_csv(table.drop(columns=silent_columns(table)), path)
