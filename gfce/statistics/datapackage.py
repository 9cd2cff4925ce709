"""datapackage.json: what every CSV of a study's results holds (Data Package, version 2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.files import records, write_text
from gfce.statistics.aggregation import OVERALL
from gfce.statistics.design import groups, models
from gfce.study import Results, cells

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
FILES = ["cohort/*.csv", "*.csv", "tables/*.csv", "statistics/*.csv"]
"""Where tables lie within the results, besides the models' history.csv."""
TITLES = {
    "cohort/patients": "Patients of the study",
    "cohort/training_sets": "Patients of each training set",
    "cohort/exclusions": "Patients that quality control left out",
    "cohort/leaks": "Patients and images that are the same where they must not be",
    "metrics": "Scores of every synthetic image",
    "baselines": "Scores of the trivial predictors",
    "history": "Course of a training",
    "tables/table1": "Design",
    "tables/table2": "Scores per institution, first normalization",
    "tables/table3": "Scores per institution, second normalization",
    "tables/table4": "External improvement of pooled training",
    "tables/table5": "Drop from internal to external test",
    "tables/missing": "Reason of each empty value of the tables",
    "tables/trivial_predictors": "Scores per institution of the trivial predictors",
    "statistics/paired_tests": "Paired comparisons of models",
    "statistics/drops": "Drops with intervals",
    "statistics/improvements": "Improvements with intervals",
    "statistics/mixed_model": "Linear mixed model of all scores",
    "statistics/equivalence": "Whether pooled training keeps internal accuracy",
    "statistics/seeds": "Spread between seeds beside the spread between patients",
    "statistics/stability": "The paper's claims under every choice of analysis",
    "statistics/findings": "The paper's claims in this study",
    "audit": "Audit of published tables",
}
SCORE_KEY = ["model", "testing", "cohort"]
PRIMARY_KEYS = {
    "cohort/patients": ["patient_id"],
    "cohort/training_sets": ["training_set", "patient_id"],
    "metrics": [
        *("network", "normalization", "training_set", "seed", "patient_id", "region", "scaling")
    ],
    "baselines": ["predictor", "normalization", "training_set", "patient_id", "scaling"],
    "history": ["epoch"],
    "tables/table1": ["model"],
    "tables/table2": SCORE_KEY,
    "tables/table3": SCORE_KEY,
    "tables/table4": ["model"],
    "tables/table5": ["network", "normalization", "model"],
    "tables/trivial_predictors": ["predictor", *SCORE_KEY],
    "statistics/paired_tests": ["family", "metric", "scope", "model_a", "model_b"],
    "statistics/drops": ["network", "normalization", "model", "metric"],
    "statistics/improvements": ["model", "metric"],
    "statistics/mixed_model": ["network", "metric", "term"],
    "statistics/equivalence": ["metric", "scope", "model_a"],
    "statistics/seeds": [*SCORE_KEY, "metric"],
    "statistics/stability": [
        *("claim", "network", "normalization", "subject", "metric", "scaling", "region", "seed")
    ],
    "statistics/findings": ["claim", "network", "normalization", "subject", "metric"],
    "audit": ["table", "row", "column"],
}
PATIENT_TABLES = {"metrics", "baselines", "cohort/training_sets"}
"""Tables whose patients are those of cohort/patients.csv."""


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
    tables = [(path, _kind(path, results.root)) for path in found]
    for cell in cells(config):
        history = results.model(cell) / "history.csv"
        tables += [(history, "history")] if history.exists() else []
    has_patients = results.patients.exists()
    return {
        "$schema": PROFILE,
        "name": config.study.lower(),
        "title": f"Results of the study {config.study}",
        "resources": [_resource(config, p, kind, has_patients) for p, kind in tables],
    }


def _kind(path: Path, root: Path) -> str:
    name = path.relative_to(root).with_suffix("").as_posix()
    return "tables/table2" if name.startswith("tables/table2_") else name


def _resource(config: StudyConfig, path: Path, kind: str, has_patients: bool) -> dict[str, Any]:
    content = path.read_bytes()
    place = path.relative_to(Results(config).root)
    return {
        "name": "-".join(place.with_suffix("").parts).lower().replace("_", "-"),
        "title": TITLES.get(kind, kind),
        "path": place.as_posix(),
        "type": "table",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": _schema(config, list(pd.read_csv(path, nrows=0).columns), kind, has_patients),
    }


def _schema(
    config: StudyConfig, columns: Sequence[str], kind: str, has_patients: bool
) -> dict[str, Any]:
    known = column_descriptions()
    allowed = _allowed_values(config)
    fields = [_field(known, allowed, kind, column) for column in columns]
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    key = PRIMARY_KEYS.get(kind, [])
    if key and set(key) <= set(columns):
        schema["primaryKey"] = key
    if kind in PATIENT_TABLES and has_patients:
        reference = {"resource": "cohort-patients", "fields": ["patient_id"]}
        schema["foreignKeys"] = [{"fields": ["patient_id"], "reference": reference}]
    return schema


def column_descriptions() -> dict[tuple[str, str], dict[str, str]]:
    """Rows of columns.csv by table and column; the table `*` stands for all others."""
    with resources.files("gfce.statistics").joinpath("columns.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    return {(row["table"], row["column"]): row for row in records(table)}


def _field(
    known: dict[tuple[str, str], dict[str, str]],
    allowed: dict[str, list[str]],
    kind: str,
    column: str,
) -> dict[str, Any]:
    row = known.get((kind, column)) or known.get(("*", column))
    if row is None:
        return {"name": column, "type": "any"}
    field: dict[str, Any] = {"name": column, "type": row["type"], "description": row["description"]}
    if row["unit"]:
        field["unit"] = row["unit"].replace("@metric", "unit of the metric")
    number = int if row["type"] == "integer" else float
    limits = {n: number(row[n]) for n in ("minimum", "maximum") if row[n]}
    enum = row["enum"]
    values = allowed[enum] if enum.startswith("@") else enum.split("|") if enum else []
    constraints: dict[str, Any] = limits | ({"enum": values} if values else {})
    return field | ({"constraints": constraints} if constraints else {})


def _allowed_values(config: StudyConfig) -> dict[str, list[str]]:
    institutions = [*config.cohort.development, *config.cohort.external]
    labels = [model.label for model in models(config)]
    return {
        "@networks": list(config.grid.networks),
        "@normalizations": list(dict.fromkeys(name for _, name in groups(models(config)))),
        "@training_sets": list(config.training_sets()),
        "@models": [*labels, OVERALL],
        "@institutions": institutions,
        "@testing": [*institutions, OVERALL],
        "@scopes": ["internal", *institutions, "external", OVERALL],
    }
