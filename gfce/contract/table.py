"""A table of the results as it is declared: its file, its columns, and what identifies a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd

from gfce.config import StudyConfig

UNIT_OF_METRIC = "unit of the metric"
"""Unit of a column whose rows are about different metrics."""
AllowedValues = tuple[str, ...] | Callable[[StudyConfig], Sequence[str]]
"""The only values of a column: always the same ones, or those of a study."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: as the file's header has it.
        type: of Data Package: string, integer, number or boolean.
        meaning: what it holds.
        unit: of its numbers (`1`: numbers without one).
        minimum: the smallest value that there can be (None: no limit).
        maximum: the largest one.
        allowed: the only values that there can be (empty: any).
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    allowed: AllowedValues = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """A CSV of the results.

    Attributes:
        name: its path below the results, without `.csv`.
        title: what it is.
        columns: in the order of the file.
        key: the columns that identify a row (empty: none do).
        variants: titles of further files with the same columns, by their name or its pattern.
        is_of_patients: whether its patients are those of cohort/patients.csv.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)
    is_of_patients: bool = False

    @property
    def names(self) -> list[str]:
        """The header of the file."""
        return [column.name for column in self.columns]

    def frame(self, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
        """Rows as a table with these columns; what a row does not say is empty."""
        return pd.DataFrame(rows, columns=self.names)

    def with_whole_numbers(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A frame whose columns of integers hold such, also where a cell is empty."""
        names = [column.name for column in self.columns if column.type == "integer"]
        return frame.astype(dict.fromkeys(names, "Int64"))

    def title_of(self, name: str) -> str | None:
        """The title of a file that has this layout (None: it has another one)."""
        titles = {self.name: self.title, **self.variants}
        return next((title for key, title in titles.items() if fnmatchcase(name, key)), None)
