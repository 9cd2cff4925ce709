"""Tables 2 and 3 and further ones of their kind: scores per institution, a table per group."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from gfce.contract.columns import COHORT, MODEL, OVERALL, STRATIFIED, TESTING, N
from gfce.evaluation.metrics import METRICS, PRINTED_METRICS
from gfce.files import records
from gfce.statistics.design import Model, groups, normalization_title
from gfce.statistics.inference.paired_tests import differing_from_pooled, paired_tests
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.aggregate import (
    SCORE_KEYS,
    count_column,
    mean_column,
    sd_column,
    sd_total_column,
)
from gfce.statistics.tables.render import Printed, best, mean_sd
from gfce.statistics.tables.sheet import PrintedTable, Sheet
from gfce.statistics.tables.trivial_predictors import footnote, trivial_predictors

LEGEND = (
    "Mean ± SD over patients. † external institution. Overall: unweighted mean over the "
    "institutions above, of means and of SDs alike. Bold: the best of the models tested on the "
    "same patients. * differs from the pooled model on the same patients (paired t-test, "
    "Holm-adjusted p < 0.05); on Overall rows the difference of the Overalls is tested, which "
    "speaks about these institutions and no others."
)
NO_SECOND = "the grid has a single normalization"


@dataclass(frozen=True)
class ScoreTable:
    """The models and rows of one table."""

    name: str
    models: list[Model]
    rows: pd.DataFrame

    @property
    def title(self) -> str:
        """What is printed behind the table's number."""
        if not self.models:
            return "The grid has no second normalization"
        values = self.models[0].said_of_group
        values["normalization"] = normalization_title(values["normalization"])
        return ", ".join(["Scores per institution", *values.values()])


def score_tables(study: ScoredStudy) -> list[ScoreTable]:
    """The rows of all models parted into tables.

    Table 2 and table 3 hold the first network with the grid's first and second normalization, as
    in the paper. Every further combination has a table named
    `table2_<network>_<normalization>`. With a single normalization table 3 has no rows.
    """
    by_group = groups(study.models)
    first = study.models[0].method
    papers = [group for group, models in by_group.items() if models[0].method == first][:2]
    named = {group: f"table{2 + rank}" for rank, group in enumerate(papers)}
    tables = [
        ScoreTable(named.get(group, _further(models[0])), models, _rows(study, models))
        for group, models in by_group.items()
    ]
    if len(papers) == 1:
        tables.insert(1, ScoreTable("table3", [], _rows(study, [])))
    return tables


def _further(model: Model) -> str:
    """The name of a further table, of what its models have in common."""
    return "_".join(["table2", *model.said_of_group.values()])


def _rows(study: ScoredStudy, models: Sequence[Model]) -> pd.DataFrame:
    labels = [model.label for model in models]
    return study.rows[study.rows["model"].isin(labels)].reset_index(drop=True)


def score_sheets(study: ScoredStudy) -> list[Sheet]:
    """All tables of scores, with the trivial predictors in a footnote."""
    marked = differing_from_pooled(study.once(paired_tests))
    predictors = study.once(trivial_predictors)
    sheets = []
    for table in score_tables(study):
        notes = _fewer_patients(table.rows)
        if predictors is not None and table.models:
            notes.append(footnote(table.rows, predictors, table.models))
        number = table.name.removeprefix("table").split("_")[0]
        printed = print_scores(number, table.rows, table.title, notes, marked)
        why_no_rows = "nothing is tested" if table.name != "table3" else NO_SECOND
        reasons = partial(_why_empty, study)
        sheets.append(Sheet(table.name, table.rows, printed, reasons, why_no_rows))
    return sheets


def _fewer_patients(rows: pd.DataFrame) -> list[str]:
    """A note on scores that fewer patients have than the row's n says (a perfect image's PSNR)."""
    fewer = [
        f"{metric.label} of {row['model']}, {row['testing']}: {row[metric.count]}"
        for metric in PRINTED_METRICS
        for row in records(rows)
        if row[metric.count] < row["n"]
    ]
    return [f"Patients with a finite score, where fewer than n: {'; '.join(fewer)}."] * bool(fewer)


def print_scores(
    number: str,
    rows: pd.DataFrame,
    title: str,
    notes: Sequence[str] = (),
    marked: Set[tuple[str, str, str]] = frozenset(),
) -> Printed:
    """Mean ± SD; external rows marked; the best of the same patients in bold.

    Args:
        number: of the table.
        rows: of the table.
        title: behind the number.
        notes: lines below the table.
        marked: model, scope and metric of the scores that differ from the pooled model's
            (`paired_tests.differing_from_pooled`).
    """
    scores = [metric for metric in PRINTED_METRICS if metric.mean in rows.columns]
    cells = [
        [str(row["model"]), _testing(row["testing"], row["cohort"]), str(row["n"])]
        + [
            mean_sd(row[metric.mean], row[metric.sd], metric)
            + ("*" if (row["model"], _scope(row), metric.name) in marked else "")
            for metric in scores
        ]
        for row in records(rows)
    ]
    bold = {
        (row, 3 + column)
        for column, metric in enumerate(scores)
        for row in best(rows, ["testing", "cohort"], metric.mean, metric.higher_is_better)
    }
    changes = rows["model"].ne(rows["model"].shift())
    rules = {row for row, changed in enumerate(changes) if changed and row}
    header = ["Model", "Testing", "n", *(metric.title for metric in scores)]
    return Printed(title, header, cells, bold, rules, [LEGEND, *notes], 2, number)


def _testing(testing: str, cohort: str) -> str:
    return f"{testing} †" if cohort == "external" else f"{testing}"


def _scope(row: dict[str, Any]) -> str:
    """The scope of the paired tests that compares what a row shows."""
    if row["testing"] == OVERALL:
        return f"{row['cohort']}{STRATIFIED}"
    return str(row["cohort"] if row["cohort"] == "internal" else row["testing"])


def _scored_models(study: ScoredStudy) -> set[str]:
    return set(study.metrics["model"])


def _why_empty(study: ScoredStudy, row: dict[str, Any], column: str) -> str:
    if row["model"] not in study.once(_scored_models):
        return "no cell of this model is scored"
    if row["testing"] == OVERALL:
        without = _without_value(study.rows, row, column)
        return f"Overall needs every institution: no value for {', '.join(without)}"
    if row["n"] == 0:
        return "no scored patient in this institution"
    if any(column in (m.sd, m.sd_total) and row[m.count] == 1 for m in METRICS):
        return "a single patient has no SD"
    return "no patient of this institution has a finite score"


def _without_value(rows: pd.DataFrame, row: dict[str, Any], column: str) -> list[str]:
    same = (rows["model"] == row["model"]) & (rows["cohort"] == row["cohort"])
    without = rows.loc[same & rows[column].isna(), "testing"]
    return [name for name in without if name != OVERALL]


TABLE = PrintedTable(
    name="tables/table2",
    title="Scores per institution, first normalization",
    variants={
        "tables/table3": "Scores per institution, second normalization",
        "tables/table2_*": "Scores per institution, first normalization",
    },
    key=SCORE_KEYS,
    columns=(
        MODEL,
        TESTING,
        COHORT,
        N,
        *(column(metric) for metric in METRICS for column in (mean_column, sd_column)),
        *(column(metric) for metric in METRICS for column in (sd_total_column, count_column)),
    ),
    sheets=score_sheets,
)
