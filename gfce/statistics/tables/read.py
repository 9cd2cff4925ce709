"""Reading what other steps left: metrics, training sets, baselines."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.contract.later_columns import with_absent
from gfce.errors import UserError
from gfce.evaluation.enhancement_table import ENHANCEMENT_TABLE
from gfce.evaluation.enhancement_table import NUMBERS as ENHANCEMENTS
from gfce.evaluation.tables import METRICS_TABLE
from gfce.statistics.selection import where
from gfce.steps import Task
from gfce.study import CELL_KEYS, Cell, Results, cells, model_label, read_patients, test_patients

COUNTS = [column.name for column in METRICS_TABLE.columns if column.type == "integer"]
FLOATS = [column.name for column in METRICS_TABLE.columns if column.type == "number"]
MEASURED = [column.name for column in ENHANCEMENTS]


def read_table(path: Path, columns: Iterable[str], floats: Sequence[str] = FLOATS) -> pd.DataFrame:
    """Read a CSV of the results; names stay text, numbers keep their last bit.

    Args:
        path: the file.
        columns: that it must have.
        floats: those that are numbers.

    Raises:
        UserError: a column is missing, or the file is not a CSV of this kind.
    """
    try:
        names = list(pd.read_csv(path, nrows=0).columns)
        table = pd.read_csv(
            path,
            dtype={name: str for name in names if name not in [*COUNTS, *floats]},
            converters={name: _number for name in names if name in floats},
            keep_default_na=False,
        )
    except ValueError as error:
        problem = str(error).splitlines()[0]
        raise UserError(f"{path}: cannot be read ({problem}): make it again") from None
    table = with_absent(table, wanted := list(columns))
    lacking = [column for column in wanted if column not in table]
    if lacking:
        raise UserError(f"{path}: has no column {lacking[0]}: make it again")
    return table


def _number(text: str) -> float:
    """A number to its last bit, which pandas' own parser does not promise in every version."""
    return float(text or "nan")


def read_metrics(path: Path) -> pd.DataFrame:
    """Read metrics.csv.

    Raises:
        UserError: the file is not there, lacks a column, or scores an image twice.
    """
    if not path.exists():
        raise UserError(f"{path}: is not there: run `gfce tabulate` first")
    metrics = read_table(path, METRICS_TABLE.names)
    twice = metrics.duplicated([*METRICS_TABLE.key, "institution"])
    if twice.any():
        patient = metrics.loc[twice, "patient_id"].iloc[0]
        raise UserError(f"{path}: {patient} is scored twice by one model: evaluate it again")
    return metrics


def gather_metrics(
    config: StudyConfig,
    unusable: Container[Task] = (),
    received: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The metrics of all cells that are scored so far, in the order of the grid.

    Within a cell: institutions as configured, then patient, region (volume first) and scaling.
    Models are called as the configuration of today calls them.

    Args:
        config: the study.
        unusable: tasks whose results do not fit the study.
        received: rows of institutions that were merged into it; those of a cell stand with its own.
    """
    more = METRICS_TABLE.frame([]) if received is None else received
    frames = [
        _read_cell(config, cell, path, more).assign(model=model_label(config, cell))
        for cell, path in _scored(config, Results(config).cell_metrics, unusable)
    ]
    if not frames:
        return METRICS_TABLE.frame([]).astype(dict.fromkeys([*COUNTS, *FLOATS], float))
    return pd.concat(frames, ignore_index=True)


def gather_enhancement(config: StudyConfig, unusable: Container[Task] = ()) -> pd.DataFrame:
    """The rows of enhancement.csv of all cells that are scored so far, as `gather_metrics`."""
    frames = [
        _read_enhancement(config, cell, path).assign(model=model_label(config, cell))
        for cell, path in _scored(config, Results(config).cell_enhancement, unusable)
    ]
    if not frames:
        return ENHANCEMENT_TABLE.frame([]).astype(dict.fromkeys(MEASURED, float))
    return pd.concat(frames, ignore_index=True)


def read_enhancement(path: Path) -> pd.DataFrame | None:
    """Read enhancement.csv, or that of a cell (None: it is not there)."""
    return read_table(path, ENHANCEMENT_TABLE.names, MEASURED) if path.exists() else None


def _scored(
    config: StudyConfig, path_of: Callable[[Cell], Path], unusable: Container[Task]
) -> Iterator[tuple[Cell, Path]]:
    """The cells of the grid that have a file of scores which fits the study."""
    for cell in cells(config):
        if (path := path_of(cell)).exists() and Task("evaluate", cell) not in unusable:
            yield cell, path


def _read_enhancement(config: StudyConfig, cell: Cell, path: Path) -> pd.DataFrame:
    rows = read_table(path, ENHANCEMENT_TABLE.names, MEASURED)
    _check_patients(config, cell, rows, path)
    keys = {"institution": _ranks(config, rows, path), "patient": rows["patient_id"]}
    return rows.loc[_in_order(keys)]


def _read_cell(config: StudyConfig, cell: Cell, path: Path, received: pd.DataFrame) -> pd.DataFrame:
    metrics = read_table(path, METRICS_TABLE.names)
    _check_patients(config, cell, metrics, path)
    if len(more := where(received, asdict(cell))):
        metrics = pd.concat([metrics, more], ignore_index=True)
    keys = {
        "institution": _ranks(config, metrics, path),
        "patient": metrics["patient_id"],
        "region": metrics["region"].where(metrics["region"] != "volume", ""),
        "scaling": metrics["scaling"],
    }
    return metrics.loc[_in_order(keys)]


def _ranks(config: StudyConfig, rows: pd.DataFrame, path: Path) -> pd.Series[int]:
    """The place of each row's institution in the configuration."""
    order = {name: rank for rank, name in enumerate(config.cohort.institutions)}
    unknown = rows.loc[~rows["institution"].isin(list(order)), "institution"]
    if len(unknown):
        raise UserError(f"{path}: {unknown.iloc[0]} is not in the configuration: evaluate again")
    return rows["institution"].map(order)


def _in_order(keys: Mapping[str, pd.Series[Any]]) -> pd.Index[Any]:
    return pd.DataFrame(keys).sort_values(list(keys), kind="stable").index


def _check_patients(config: StudyConfig, cell: Cell, metrics: pd.DataFrame, path: Path) -> None:
    """A cell scores all patients that it is tested on and nobody else (where they are known)."""
    results = Results(config)
    if not results.patients.exists():
        return
    tested = set(test_patients(config, cell, read_patients(results))["patient_id"])
    if wrong := sorted(tested ^ set(metrics["patient_id"])):
        verb = "is not scored" if wrong[0] in tested else "is not tested by this model"
        raise UserError(f"{path}: {wrong[0]} {verb}: evaluate again")


def scored_cells(metrics: pd.DataFrame) -> set[Cell]:
    """The cells that there are scores of."""
    keys = metrics[list(CELL_KEYS)].drop_duplicates()
    return {Cell(*values) for values in keys.itertuples(index=False, name=None)}


def read_optional(path: Path, columns: Iterable[str]) -> pd.DataFrame | None:
    """Read a table that may not be there yet."""
    return read_table(path, columns) if path.exists() else None
