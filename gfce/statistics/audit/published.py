"""Printed tables: reading them as text, and the models that they list."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gfce.contract.columns import OVERALL
from gfce.contract.later_columns import ABSENT
from gfce.errors import UserError
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.published import FOLDER
from gfce.statistics.audit.intervals import Interval
from gfce.statistics.design import Model
from gfce.statistics.tables.aggregate import SCORE_KEYS
from gfce.study import CELL_KEYS, Cell

SCORE_TABLES = ["table2", "table3"]


def _printed_name(metric: Metric, column: str) -> str:
    factor = metric.print_factor
    return column if factor == 1 else f"{column}_x{factor:.0f}"


PRINTED_COLUMNS = {
    _printed_name(metric, column): column
    for metric in TESTED_METRICS
    for column in (metric.mean, metric.sd)
}
"""Columns of printed tables 2 and 3, and what the study's own call them."""


@dataclass(frozen=True)
class Published:
    """Printed tables: text, as printed.

    Attributes:
        scores: tables 2 and 3 by name.
        improvements: table 4.
        drops: table 5.
        patients: how many are tested at each institution (None: not given).
    """

    scores: dict[str, pd.DataFrame]
    improvements: pd.DataFrame
    drops: pd.DataFrame
    patients: dict[str, int] | None = None

    def models(self) -> list[Model]:
        """The models that tables 2 and 3 list; all have the same external institutions."""
        both = pd.concat(self.scores.values())
        institutions = both[both["testing"] != OVERALL]
        external = institutions.loc[institutions["cohort"] == "external", "testing"]
        return [
            self._model(name, str(label), rows, tuple(dict.fromkeys(external)))
            for name, table in self.scores.items()
            for label, rows in table.groupby("model", sort=False)
        ]

    def _model(
        self, table: str, label: str, rows: pd.DataFrame, external: tuple[str, ...]
    ) -> Model:
        internal = rows[(rows["cohort"] == "internal") & (rows["testing"] != OVERALL)]
        # Of its cell, tables say the normalization alone.
        cell = dict.fromkeys(CELL_KEYS, "") | ABSENT | {"normalization": self._normalization(table)}
        return Model(label, Cell(**cell), tuple(internal["testing"]), external)

    def _normalization(self, table: str) -> str:
        labels = self.scores[table]["model"]
        named = self.drops.loc[self.drops["model"].isin(labels), "normalization"]
        return str(named.iloc[0]) if len(named) else table


def read_published(folder: Path | None = None) -> Published:
    """Read table2.csv to table5.csv of a folder, or those that the package ships.

    A folder may also have institutions.csv: how many patients are tested at each.

    Raises:
        UserError: a table or column is missing, or a printed value is not a number.
    """
    tables = folder or FOLDER
    return Published(
        {name: _read(tables / f"{name}.csv", SCORE_KEYS, PRINTED_COLUMNS) for name in SCORE_TABLES},
        _read(tables / "table4.csv", ["model"], [m.improvement for m in TESTED_METRICS]),
        _read(tables / "table5.csv", ["normalization", "model"], [m.drop for m in TESTED_METRICS]),
        _patients(tables / "institutions.csv"),
    )


def _patients(path: Path) -> dict[str, int] | None:
    if not path.exists():
        return None
    table = _read(path, ["testing"], ["n"])
    for text in table["n"]:
        if not text.isdecimal():
            raise UserError(f"{path}: n: {text!r} is not a number of patients: write a whole one")
    return {str(name): int(n) for name, n in zip(table["testing"], table["n"], strict=True)}


def _read(path: Path, keys: Iterable[str], numbers: Iterable[str]) -> pd.DataFrame:
    if not path.exists():
        raise UserError(f"{path}: is not there: a folder to audit holds table2.csv to table5.csv")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except ValueError as error:
        problem = str(error).splitlines()[0]
        raise UserError(f"{path}: cannot be read ({problem}): write it as a CSV") from None
    for column in [*keys, *numbers]:
        if column not in table:
            raise UserError(f"{path}: has no column {column}: name it as gfce/published does")
    for column in numbers:
        for text in table[column]:
            _check_number(path, column, text)
    twice = table.duplicated(list(keys))
    if twice.any():
        row = " ".join(table.loc[twice, list(keys)].iloc[0])
        raise UserError(f"{path}: {row} stands there twice: keep one row")
    return table


def _check_number(path: Path, column: str, text: str) -> None:
    try:
        finite = not text or math.isfinite(Interval.of_printed(text).high)
    except (ArithmeticError, ValueError):
        finite = False
    if not finite:
        raise UserError(f"{path}: {column}: {text!r} is not a number: write it as it is printed")
