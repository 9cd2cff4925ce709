"""against_trivial.csv: where each model is better than two predictors that learn nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from gfce.contract.columns import COHORT, MODEL, TESTING, N
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS, metric_named
from gfce.evaluation.tables import METRIC
from gfce.files import records
from gfce.statistics.questions import MODELS
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.statistics.tables.aggregate import SCORE_KEYS
from gfce.statistics.tables.read import read_optional
from gfce.statistics.tables.trivial_predictors import PREDICTORS
from gfce.statistics.tables.trivial_predictors import TABLE as TRIVIAL
from gfce.study import Results

SHOWN = 4
"""Rows in which a model is not better that a sentence names; the table has all of them."""


def against_trivial(study: ScoredStudy) -> pd.DataFrame | None:
    """A row for each row of tables 2 and 3 and each tested metric.

    None where the trivial predictors are not scored, or their scores do not fit the study: then
    `tabulate` has written no tables/trivial_predictors.csv.
    """
    path = Results(study.config).table("trivial_predictors", "csv")
    predictors = read_optional(path, TRIVIAL.names)
    if predictors is None:
        return None
    # A predictor has no mean where nobody was scored for a model.
    by_row = predictors.set_index(["predictor", *SCORE_KEYS]).replace("", float("nan"))
    rows = [
        row
        for metric in TESTED_METRICS
        for scored in records(study.rows)
        for row in _compared(scored, by_row[metric.mean].astype(float), metric)
    ]
    return TABLE.frame(rows)


def _compared(
    scored: dict[str, Any], predictors: pd.Series[float], metric: Metric
) -> Iterator[dict[str, Any]]:
    """The row of a model's mean, if it and both predictors' means are known."""
    key = tuple(scored[name] for name in SCORE_KEYS)
    values = {name: float(predictors.get((name, *key), float("nan"))) for name in PREDICTORS}
    mean = scored[metric.mean]
    if pd.isna([mean, *values.values()]).any():
        return
    best = values[_best(values, metric)]
    is_better = mean > best if metric.higher_is_better else mean < best
    names = {name: scored[name] for name in (*SCORE_KEYS, "n")}
    yield names | {"metric": metric.name, "mean": mean, **values, "beats_both": is_better}


def against_trivial_text(table: pd.DataFrame) -> str:
    """One line of Markdown for each metric: in how many rows models are better, and where not."""
    return "".join(f"- {_sentence(str(name), rows)}\n" for name, rows in table.groupby("metric"))


def _sentence(name: str, rows: pd.DataFrame) -> str:
    metric = metric_named(name)
    beats = rows["beats_both"].astype(bool)
    losses = [_loss(row, metric) for row in records(rows[~beats])]
    text = (
        f"Against two predictors that learn nothing ({metric.label}): models are better in "
        f"{len(rows) - len(losses)} of {len(rows)} rows of tables 2 and 3"
    )
    if not losses:
        return text
    more = f" and {len(losses) - SHOWN} more" if len(losses) > SHOWN else ""
    return f"{text}; not {'; '.join(losses[:SHOWN])}{more} (against_trivial.csv)"


def _loss(row: dict[str, Any], metric: Metric) -> str:
    """A model that is not better: `Tri-M at Institution-1 (32.8; T1w itself 15.5)`."""
    best = _best(row, metric)
    values = (row[key] * metric.print_factor for key in ("mean", best))
    mean, predictor = (f"{value:.1f}" for value in values)
    testing = f"{row['cohort']} {row['testing']}" if row["testing"] == "Overall" else row["testing"]
    return f"{row['model']} at {testing} ({mean}; {PREDICTORS[best]} {predictor})"


def _best(means: dict[str, Any], metric: Metric) -> str:
    """The predictor with the best mean."""
    choose = max if metric.higher_is_better else min
    return choose(PREDICTORS, key=lambda name: means[name])


def _of_predictor(name: str) -> Column:
    return Column(name, "number", f"Mean of the predictor: {PREDICTORS[name]}", UNIT_OF_METRIC)


TABLE = StudyTable(
    name="statistics/against_trivial",
    title="Models beside two predictors that learn nothing",
    key=(*SCORE_KEYS, "metric"),
    columns=(
        MODEL,
        TESTING,
        COHORT,
        METRIC,
        N,
        Column("mean", "number", "Mean of the model over patients", UNIT_OF_METRIC),
        *(_of_predictor(name) for name in PREDICTORS),
        Column("beats_both", "boolean", "Whether the model is better than both"),
    ),
    make=against_trivial,
    answers={MODELS: against_trivial_text},
)
