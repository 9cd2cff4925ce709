"""Whether tables that another hospital has sent hold what they should, and nothing else.

Every text in them is one of those that the study allows, a pseudonym, or a list of lengths: nothing
that was written into a table by hand can reach the study's results.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.cohort.manifest import check_cells, read_cells
from gfce.config import StudyConfig
from gfce.contract.table import Column, Table
from gfce.errors import UserError
from gfce.evaluation.baselines import one_of_each_design
from gfce.evaluation.metrics import METRICS as SCORES
from gfce.evaluation.scaling import SCALINGS
from gfce.evaluation.tables import PREDICTOR
from gfce.study import CELL_KEYS, Cell, model_label
from gfce.study.remote import BASELINES, METRICS, PATIENTS

AGAIN = "evaluate the bundle again"
"""What to do about rows that are not as `gfce evaluate-bundle` writes them."""
PATTERNS = {
    "patient_id": r"sub-[0-9a-f]{12}",
    "voxel_mm": r"[0-9.e+-]+(x[0-9.e+-]+){2}",
    "region": r"volume|foreground|tumour",
}
"""Text of columns that may hold more than a list of values."""
BOOLEANS = ("True", "False")
MAY_BE_EMPTY = {"field_strength_t", *(score.name for score in SCORES if score.may_be_undefined)}


def check_table(table: pd.DataFrame, declared: Table, config: StudyConfig, name: str) -> None:
    """Check a table of text column by column.

    Args:
        table: every cell as text.
        declared: what it should be.
        config: the study with the institution among its external ones.
        name: of the file.

    Raises:
        UserError: the columns are others, a value is none that there can be, or a row is there
            twice.
    """
    if list(table.columns) != declared.names:
        raise UserError(f"{name}: its columns are not those of {declared.name}.csv: {AGAIN}")
    for column in declared.columns:
        possible = {
            text: _is_possible(text, column, config) for text in table[column.name].unique()
        }
        if wrong := [row for row, text in enumerate(table[column.name], 2) if not possible[text]]:
            raise UserError(
                f"{name}: row {wrong[0]}: {column.name} has an impossible value: {AGAIN}"
            )
    repeated = table.duplicated(list(declared.key)).to_numpy()
    if repeated.any():
        raise UserError(f"{name}: row {repeated.argmax() + 2} is there twice: {AGAIN}")


def _is_possible(text: str, column: Column, config: StudyConfig) -> bool:
    if not text:
        return column.name in MAY_BE_EMPTY
    if column.type == "boolean":
        return text in BOOLEANS
    if column.type in ("integer", "number"):
        return _is_number(text, column)
    allowed = column.allowed(config) if callable(column.allowed) else column.allowed
    if pattern := PATTERNS.get(column.name):
        return re.fullmatch(pattern, text) is not None
    return text in [str(value) for value in allowed]


def _is_number(text: str, column: Column) -> bool:
    try:
        value = int(text) if column.type == "integer" else float(text)
    except ValueError:
        return False
    low, high = column.minimum, column.maximum
    is_number = not math.isnan(value)
    return is_number and (low is None or value >= low) and (high is None or value <= high)


def check_rows(
    tables: Mapping[str, pd.DataFrame], config: StudyConfig, cells: Sequence[Cell], institution: str
) -> None:
    """Check that every patient of an institution is scored by every model, and nobody else.

    Args:
        tables: checked tables of text, by the names of their files.
        config: the study.
        cells: the models.
        institution: whose patients they are.

    Raises:
        UserError: a row is missing, or is about something else.
    """
    for name, table in tables.items():
        if set(table["institution"]) - {institution}:
            raise UserError(f"{name}: has rows of another institution: {AGAIN}")
    patients = list(tables[PATIENTS]["patient_id"])
    if not patients:
        raise UserError(f"{PATIENTS}: has no patient: {AGAIN}")
    metrics, baselines = tables[METRICS], tables[BASELINES]
    for name, table in ((METRICS, metrics), (BASELINES, baselines)):
        if set(table["cohort"]) - {"external"}:
            raise UserError(f"{name}: has rows that are not external: {AGAIN}")
    models = {tuple(str(getattr(cell, key)) for key in CELL_KEYS): cell for cell in cells}
    _check_models(metrics, models, config)
    whole = metrics[metrics["region"] == "volume"]
    _check_complete(whole, CELL_KEYS, list(models), patients, METRICS)
    predictors = [
        (predictor, cell.normalization, cell.training_set)
        for predictor in _values(PREDICTOR)
        for cell in one_of_each_design(cells)
    ]
    keys = ("predictor", "normalization", "training_set")
    _check_complete(baselines, keys, predictors, patients, BASELINES)


def _values(column: Column) -> Sequence[str]:
    return () if callable(column.allowed) else column.allowed


def _check_models(
    metrics: pd.DataFrame, models: Mapping[tuple[str, ...], Cell], config: StudyConfig
) -> None:
    """Rows are of the models, by the labels of the study, and all models have the same regions."""
    regions: dict[tuple[Any, ...], set[Any]] = {}
    for values, rows in metrics.groupby(list(CELL_KEYS), sort=False):
        key = tuple(map(str, values))
        if key not in models:
            raise UserError(f"{METRICS}: has rows of {'/'.join(key)}, which has no part: {AGAIN}")
        if set(rows["model"]) != {model_label(config, models[key])}:
            raise UserError(f"{METRICS}: a label is not the study's: bundle and evaluate again")
        where = rows[["patient_id", "region", "scaling", "n_voxels"]]
        regions[key] = set(where.itertuples(index=False, name=None))
    if any(each != next(iter(regions.values())) for each in regions.values()):
        raise UserError(f"{METRICS}: models are scored in different regions: {AGAIN}")


def _check_complete(
    rows: pd.DataFrame,
    keys: Sequence[str],
    values: Sequence[tuple[str, ...]],
    patients: Sequence[str],
    name: str,
) -> None:
    """Each combination of values, patients and scalings is there, and nothing else."""
    columns = [*keys, "patient_id", "scaling"]
    found = set(rows[columns].itertuples(index=False, name=None))
    expected = {
        (*value, patient, scaling)
        for value, patient, scaling in product(values, patients, SCALINGS)
    }
    if found != expected:
        raise UserError(f"{name}: does not score every patient by every model: {AGAIN}")


def read_text(path: Path) -> pd.DataFrame:
    """Read a table with every cell as text.

    Raises:
        UserError: it is no CSV table in UTF-8, or a row is longer or shorter than the header.
    """
    try:
        header, *rows = read_cells(path)
        for number, cells in enumerate(rows, start=2):
            check_cells(number, header, cells)
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None
    return pd.DataFrame(rows, columns=header, dtype=str)
