"""datapackage.json: what every CSV of a study's results holds (Data Package, version 2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.contract.later_columns import ABSENT
from gfce.contract.table import Column, Table
from gfce.contract.tables import declaration
from gfce.evaluation.tables import METRICS_TABLE
from gfce.files import write_text
from gfce.study import Results, cells, remotes
from gfce.study.results import HISTORIES
from gfce.training.tables import HISTORY

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
FILES = [
    *("cohort/*.csv", "images/*/alignment.csv", "*.csv"),
    *("tables/*.csv", "statistics/*.csv", "remote/[!.]*/*.csv"),
]
"""Where tables lie within the results, besides the models' histories."""


def write_datapackage(config: StudyConfig) -> None:
    """Describe every CSV that the results hold now."""
    text = json.dumps(describe(config), indent=2, ensure_ascii=False)
    write_text(text + "\n", Results(config).datapackage)


def describe(config: StudyConfig) -> dict[str, Any]:
    """The content of datapackage.json; the same results give the same bytes."""
    results = Results(config)
    found = dict.fromkeys(
        path for pattern in FILES for path in sorted(results.root.glob(pattern)) if path.is_file()
    )
    tables = [(path, path.relative_to(results.root).with_suffix("").as_posix()) for path in found]
    for cell in cells(config):
        # A repair may have one for each external institution.
        histories = sorted(results.model(cell).glob(HISTORIES))
        tables += [(history, HISTORY.name) for history in histories]
    has_patients = results.patients.exists()
    # Patients of an institution that was merged into the study are not in patients.csv.
    unlisted = {METRICS_TABLE.name} if remotes(config) else set()
    return {
        "$schema": PROFILE,
        "name": config.study.lower(),
        "title": f"Results of the study {config.study}",
        "resources": [
            _resource(config, path, name, has_patients and name not in unlisted)
            for path, name in tables
        ],
    }


def _resource(config: StudyConfig, path: Path, name: str, has_patients: bool) -> dict[str, Any]:
    content, table = path.read_bytes(), declaration(name)
    relative = path.relative_to(Results(config).root)
    return {
        "name": "-".join(relative.with_suffix("").parts).lower().replace("_", "-"),
        "title": (table.title_of(name) if table else None) or name,
        "path": relative.as_posix(),
        "type": "table",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": _schema(config, list(pd.read_csv(path, nrows=0).columns), table, has_patients),
    }


def _schema(
    config: StudyConfig, header: Sequence[str], table: Table | None, has_patients: bool
) -> dict[str, Any]:
    """What a file's columns are; those that no table declares may hold anything."""
    columns = {column.name: column for column in table.columns} if table else {}
    fields = [
        _field(config, columns[name]) if name in columns else {"name": name, "type": "any"}
        for name in header
    ]
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    key = [name for name in table.key if name in header or name not in ABSENT] if table else []
    if key and set(key) <= set(header):
        schema["primaryKey"] = key
    if table and table.is_of_patients and has_patients:
        reference = {"resource": "cohort-patients", "fields": ["patient_id"]}
        schema["foreignKeys"] = [{"fields": ["patient_id"], "reference": reference}]
    return schema


def _field(config: StudyConfig, column: Column) -> dict[str, Any]:
    field = {"name": column.name, "type": column.type, "description": column.meaning}
    number = int if column.type == "integer" else float
    limits = {"minimum": column.minimum, "maximum": column.maximum}
    constraints: dict[str, Any] = {n: number(v) for n, v in limits.items() if v is not None}
    allowed = column.allowed(config) if callable(column.allowed) else column.allowed
    constraints |= {"enum": list(allowed)} if allowed else {}
    unit = {"unit": column.unit} if column.unit else {}
    return field | unit | ({"constraints": constraints} if constraints else {})
