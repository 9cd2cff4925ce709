"""Table 1: what each model is built of, trained on and tested on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gfce.cohort.tables import TRAINING_SETS
from gfce.contract.columns import MODEL, axes
from gfce.contract.later_columns import silent_columns
from gfce.contract.table import Column
from gfce.files import records
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.read import read_optional
from gfce.statistics.tables.render import Printed, shown
from gfce.statistics.tables.sheet import PrintedTable, Sheet
from gfce.study import GROUP_KEYS, MODEL_KEYS, Results

HEADER = {
    "model": "Model",
    **{key: key.replace("_", " ").capitalize() for key in GROUP_KEYS},
    "training_institutions": "Trained on",
    "training_patients": "Patients",
    "external_institutions": "External test",
    "seeds": "Seeds",
}
"""Titles of the columns that are printed."""


def design_sheets(study: ScoredStudy) -> list[Sheet]:
    """A row per model; several names in a cell are parted by semicolons."""
    path = Results(study.config).training_sets
    rows = _rows(study, read_optional(path, TRAINING_SETS.names))
    return [Sheet("table1", rows, _print(rows), _why_empty)]


def _rows(study: ScoredStudy, training_sets: pd.DataFrame | None) -> pd.DataFrame:
    sizes = {} if training_sets is None else training_sets["training_set"].value_counts().to_dict()
    rows = [
        {
            "model": model.label,
            **model.keys,
            "training_institutions": ";".join(model.internal),
            "training_patients": sizes.get(model.cell.training_set),
            "external_institutions": ";".join(model.external),
            "seeds": ";".join(map(str, model.seeds)),
        }
        for model in study.models
    ]
    return TABLE.frame(rows).astype({"training_patients": "Int64"})


def _print(table: pd.DataFrame) -> Printed:
    names = [name for name in HEADER if name not in silent_columns(table)]
    rows = [[shown(row[name], name) for name in names] for row in records(table)]
    header = [HEADER[name] for name in names]
    return Printed("Design", header, rows, text_columns=len(names), number="1")


def _why_empty(row: dict[str, Any], column: str) -> str:
    return "training_sets.csv does not hold this training set"


TABLE = PrintedTable(
    name="tables/table1",
    title="Design",
    key=("model",),
    columns=(
        MODEL,
        *axes(MODEL_KEYS),
        Column(
            "training_institutions",
            "string",
            "Institutions of the training set, parted by semicolons",
        ),
        Column("training_patients", "integer", "Patients of the training set", minimum=0),
        Column(
            "external_institutions",
            "string",
            "Institutions of the external test, parted by semicolons",
        ),
        Column("seeds", "string", "Training seeds, parted by semicolons"),
    ),
    sheets=design_sheets,
)
