"""Tables 1 to 5 of a study, and a reason for every empty cell in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.files import records
from gfce.provenance.state import NOT_MADE
from gfce.statistics.aggregation import (
    OVERALL,
    drops,
    improvements,
    institution_rows,
    with_overall_rows,
)
from gfce.statistics.design import METRICS, Model, groups, members, models
from gfce.steps import CELL_STEPS, Task
from gfce.study import Cell, Results, cells
from gfce.watching.logs import error, last_lines

MISSING_COLUMNS = ["table", "model", "testing", "cohort", "seed", "column", "reason"]


@dataclass(frozen=True)
class ScoreTable:
    """Table 2, 3 or a further one of their kind: one network and normalization."""

    name: str
    network: str
    normalization: str
    rows: pd.DataFrame


def design_table(config: StudyConfig, training_sets: pd.DataFrame | None) -> pd.DataFrame:
    """Table 1: a row per model; several names in a cell are parted by semicolons.

    Args:
        config: the study.
        training_sets: columns training_set and patient_id; None while there is none yet.
    """
    sizes = {} if training_sets is None else training_sets["training_set"].value_counts().to_dict()
    rows = [
        {
            "model": model.label,
            "network": model.network,
            "normalization": model.normalization,
            "training_set": model.training_set,
            "training_institutions": ";".join(model.internal),
            "training_patients": sizes.get(model.training_set),
            "external_institutions": ";".join(model.external),
            "seeds": ";".join(map(str, model.seeds)),
        }
        for model in models(config)
    ]
    return pd.DataFrame(rows).astype({"training_patients": "Int64"})


def study_rows(config: StudyConfig, scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of tables 2 and 3 for all models of the grid, Overall rows included.

    Args:
        config: the study.
        scores: `aggregation.patient_scores`.
    """
    return with_overall_rows(institution_rows(scores, models(config)))


def score_tables(config: StudyConfig, rows: pd.DataFrame) -> list[ScoreTable]:
    """The rows parted into tables: one for each network and normalization.

    Table 2 and table 3 hold the first network with the grid's first and second normalization, as
    in the paper. Every further combination has a table named
    `table2_<network>_<normalization>`. With a single normalization table 3 has no rows.
    """
    by_group = groups(models(config))
    first_two = [group for group in by_group if group[0] == by_group[0][0]][:2]
    named = {group: f"table{2 + rank}" for rank, group in enumerate(first_two)}
    tables = [
        ScoreTable(named.get(group, "table2_" + "_".join(group)), *group, _of(config, rows, group))
        for group in by_group
    ]
    if len(first_two) == 1:
        tables.insert(1, ScoreTable("table3", first_two[0][0], "", rows.iloc[:0]))
    return tables


def _of(config: StudyConfig, rows: pd.DataFrame, group: tuple[str, str]) -> pd.DataFrame:
    labels = [model.label for model in models(config) if model.group == group]
    return rows[rows["model"].isin(labels)].reset_index(drop=True)


def improvement_table(rows: pd.DataFrame, grid: Sequence[Model]) -> pd.DataFrame:
    """Table 4, with the models that each pooled model is set against."""
    by_label = {model.label: model for model in grid}
    table = improvements(rows, grid)
    table["network"] = [by_label[label].network for label in table["model"]]
    table["normalization"] = [by_label[label].normalization for label in table["model"]]
    table["compared_with"] = [
        ";".join(uni.label for uni in members(by_label[label], grid)) for label in table["model"]
    ]
    return table


def drop_table(rows: pd.DataFrame, grid: Sequence[Model]) -> pd.DataFrame:
    """Table 5."""
    return drops(rows, grid)


def missing_values(
    config: StudyConfig,
    metrics: pd.DataFrame,
    tables: dict[str, pd.DataFrame],
    unusable: Mapping[Task, str],
) -> pd.DataFrame:
    """One row for each unscored cell of the grid and for each empty value of a table, with why.

    `unusable` says of results that are not there or do not fit the study why that is.
    """
    cells_ = _missing_cells(config, metrics, unusable)
    rows = [*cells_, *_missing_values(config, metrics, tables)]
    return pd.DataFrame(rows, columns=MISSING_COLUMNS).astype({"seed": "Int64"})


def _missing_cells(
    config: StudyConfig, metrics: pd.DataFrame, unusable: Mapping[Task, str]
) -> Iterator[dict[str, Any]]:
    keys = ["network", "normalization", "training_set", "seed"]
    scored = set(metrics[keys].drop_duplicates().itertuples(index=False, name=None))
    labels = {(m.network, m.normalization, m.training_set): m.label for m in models(config)}
    results = Results(config)
    for cell in cells(config):
        key = (cell.network, cell.normalization, cell.training_set)
        if (*key, cell.seed) not in scored:
            reason = _why_not_scored(results, cell, unusable.get(Task("evaluate", cell), NOT_MADE))
            yield {"table": "metrics", "model": labels[key], "seed": cell.seed, "reason": reason}


def _why_not_scored(results: Results, cell: Cell, reason: str) -> str:
    for step in CELL_STEPS:
        if said := error(last_lines(results.log(step, cell)), public=True):
            return f"not scored: {step} failed: {said}"
    if reason != NOT_MADE:
        return f"not scored: what is there does not fit: {reason}"
    path = results.cell_metrics(cell).relative_to(results.root).as_posix()
    return f"not scored yet: no rows from {path}"


def _missing_values(
    config: StudyConfig, metrics: pd.DataFrame, tables: dict[str, pd.DataFrame]
) -> Iterator[dict[str, Any]]:
    explain = _Explanations(config, set(metrics["model"]), tables)
    for name, table in tables.items():
        if table.empty:
            yield {"table": name, "reason": explain.empty(name)}
        for row in records(table):
            for column in (column for column in table.columns if pd.isna(row[column])):
                yield {
                    "table": name,
                    "model": row["model"],
                    "testing": row.get("testing"),
                    "cohort": row.get("cohort"),
                    "column": column,
                    "reason": explain.value(name, row, column),
                }


class _Explanations:
    """Why a value of a table is empty."""

    def __init__(
        self, config: StudyConfig, scored: set[str], tables: dict[str, pd.DataFrame]
    ) -> None:
        self._pooled = {model.label: model for model in models(config) if model.is_pooled}
        self._grid = models(config)
        self._has_external = bool(config.cohort.external)
        self._scored = scored
        self._score_rows = [table for table in tables.values() if "testing" in table]

    def empty(self, table: str) -> str:
        """Reason of a table without rows."""
        reasons = {
            "table3": "the grid has a single normalization",
            "table4": "the grid has no pooled model",
            "table5": "the grid has no model of a single institution",
        }
        return reasons.get(table, "nothing is tested")

    def value(self, table: str, row: dict[str, Any], column: str) -> str:
        """Reason of an empty value."""
        if table == "table1":
            return "training_sets.csv does not hold this training set"
        if table == "table4":
            return self._improvement(row["model"], column)
        if table == "table5":
            return self._drop(row, column)
        return self._score(row, column)

    def _score(self, row: dict[str, Any], column: str) -> str:
        if row["model"] not in self._scored:
            return "no cell of this model is scored"
        if row["testing"] == OVERALL:
            without = self._without(row, column)
            return f"Overall needs every institution: no value for {', '.join(without)}"
        if row["n"] == 0:
            return "no scored patient in this institution"
        if column in {metric.sd for metric in METRICS} and row["n"] == 1:
            return "a single patient has no SD"
        return "no patient of this institution has a finite score"

    def _without(self, row: dict[str, Any], column: str) -> list[str]:
        found: list[str] = []
        for table in self._score_rows:
            same = (table["model"] == row["model"]) & (table["cohort"] == row["cohort"])
            found += table.loc[same & table[column].isna(), "testing"].tolist()
        return [name for name in found if name != OVERALL]

    def _improvement(self, label: str, column: str) -> str:
        if not self._has_external:
            return "the study has no external institution"
        unis = members(self._pooled[label], self._grid)
        if not unis:
            return "not every institution of this model has a uni-institution model in the grid"
        labels = [label, *(uni.label for uni in unis)]
        return self._needs(labels, "an external Overall", column)

    def _drop(self, row: dict[str, Any], column: str) -> str:
        if not self._has_external:
            return "the study has no external institution"
        if row["model"] == OVERALL:
            return "Overall needs the drop of every uni-institution model"
        return self._needs([row["model"]], "an internal mean and an external Overall", column)

    def _needs(self, labels: list[str], what: str, column: str) -> str:
        rows = pd.concat(self._score_rows)
        metric = next(metric for metric in METRICS if column in (metric.drop, metric.improvement))
        empty = set(rows.loc[rows[metric.mean].isna(), "model"])
        without = [label for label in labels if label in empty]
        if not without:
            return "a percentage of 0 is not defined"
        return f"needs {what}: not known for {', '.join(without)}"
