"""distance_effect.csv: are models worse where intensities are further from their training?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from gfce.contract.columns import CI95_HIGH, CI95_LOW, MODEL, OVERALL, REASON, axes, probability
from gfce.contract.table import Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS, metric_named
from gfce.evaluation.tables import METRIC
from gfce.files import records
from gfce.statistics.design import Model, groups, normalization_title
from gfce.statistics.inference.distance_effect_institutions import distance_effect_institutions
from gfce.statistics.methods.kendall import AT_MOST
from gfce.statistics.methods.patients import Array
from gfce.statistics.methods.rank_correlation import (
    bootstrap_interval,
    least_p,
    permutation_p,
    spearman,
)
from gfce.statistics.questions import CAUSES
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.selection import where
from gfce.statistics.study_tables import StudyTable
from gfce.statistics.tables.reasons import NO_EXTERNAL
from gfce.study import GROUP_KEYS, METHOD_KEYS, said_of

FEWEST = 3
"""Institutions below which there is no correlation: of two it is -1 or 1."""
FEWEST_OF_INTERVAL = 5
"""Institutions below which there is no interval (docs/statistics.md has its coverage)."""
Row = dict[str, Any]


def distance_effect(study: ScoredStudy) -> pd.DataFrame:
    """Rows of each model, and Overall of the models of a network and normalization together."""
    points = study.once(distance_effect_institutions)
    points = points[points["cohort"] == "external"]
    rows = [
        row
        for metric in TESTED_METRICS
        for group in groups(study.models).values()
        for row in _group_rows(study, where(points, {"metric": metric.name}), group, metric)
    ]
    return TABLE.frame(rows)


def _group_rows(
    study: ScoredStudy, points: pd.DataFrame, group: Sequence[Model], metric: Metric
) -> Iterator[Row]:
    for name, models in [*((m.label, [m]) for m in group), (OVERALL, group)]:
        of_models = points[points["model"].isin([model.label for model in models])]
        names = {"metric": metric.name, "model": name, **group[0].group_keys}
        yield names | _correlation(study, of_models, metric)


def _correlation(study: ScoredStudy, points: pd.DataFrame, metric: Metric) -> Row:
    """The numbers of a row, of models that have both values at all institutions with distances."""
    distance, loss = _matrices(points, metric)
    institutions, models = distance.shape
    row: Row = {"n_institutions": institutions, "n_models": models}
    if institutions < FEWEST or models == 0:
        return row | {"reason": _why_nothing(study, points, institutions)}
    rho = float(spearman(distance.ravel(), loss.ravel()))
    if math.isnan(rho):
        return row | {"reason": "all distances or all scores are the same"}
    seed = study.config.seed
    row |= {"rho": rho, "p": permutation_p(distance, loss, seed), "p_least": least_p(distance)}
    if institutions < FEWEST_OF_INTERVAL:
        few = f"no interval: {institutions} institutions, it needs {FEWEST_OF_INTERVAL}"
        return row | {"reason": few}
    resamples = min(AT_MOST, study.config.statistics.bootstrap_resamples)
    low, high = bootstrap_interval(distance, loss, resamples, seed)
    return row | {"ci95_low": low, "ci95_high": high, "reason": ""}


def _matrices(points: pd.DataFrame, metric: Metric) -> tuple[Array, Array]:
    """Distances and losses (institution, model), without what is not known."""
    measured = points[points["distance"].notna()]
    by_place = measured.set_index(["institution", "model"])
    distance, score = (by_place[name].unstack("model") for name in ("distance", "mean"))  # noqa: PD010
    complete = distance.notna().all() & score.notna().all()
    found = [table.loc[:, complete].to_numpy(float) for table in (distance, score)]
    return found[0], metric.loss_sign * found[1]


def _why_nothing(study: ScoredStudy, points: pd.DataFrame, institutions: int) -> str:
    if not study.config.cohort.external:
        return NO_EXTERNAL
    reasons = [reason for reason in dict.fromkeys(points["reason"]) if reason]
    if 0 < institutions < FEWEST:
        found = _counted(institutions, "external institution")
        reasons.insert(0, f"{found} with a distance, a correlation needs {FEWEST}")
    return "; ".join(reasons)


def distance_effect_text(table: pd.DataFrame) -> str:
    """A line of Markdown for each network and normalization: what MAE has to do with distance."""
    chosen = where(table, {"metric": TESTED_METRICS[0].name, "model": OVERALL})
    return "".join(f"- {_sentence(row)}\n" for row in records(chosen))


def _sentence(row: Row) -> str:
    keys = said_of(row, METHOD_KEYS)
    metric = metric_named(row["metric"]).label
    group = ", ".join([metric, *keys, normalization_title(row["normalization"])])
    text = f"Error against distance from the training patients' intensities ({group}): "
    if pd.isna(row["rho"]):
        return text + f"not known: {row['reason']}"
    text += f"Spearman's rho {row['rho']:.2f} over {_counted(row['n_models'], 'model')} at "
    text += f"{_counted(row['n_institutions'], 'external institution')}, p = {row['p']:.2g} (the "
    text += f"least that so many institutions can give: {row['p_least']:.2g}): "
    if row["p"] >= 0.05:
        return text + "not shown"
    return text + f"models are {'worse' if row['rho'] > 0 else 'better'} where it is larger"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


TABLE = StudyTable(
    name="statistics/distance_effect",
    title="Whether models are worse at institutions whose intensities are further from training",
    key=("metric", "model", *GROUP_KEYS),
    columns=(
        METRIC,
        replace(MODEL, meaning="Model label; Overall: the models of the rows above together"),
        *axes(GROUP_KEYS),
        Column("n_institutions", "integer", "External institutions with a distance", minimum=0),
        Column(
            "n_models", "integer", "Models that are scored at all of these institutions", minimum=0
        ),
        Column(
            "rho",
            "number",
            "Spearman's correlation of distance and mean score over these institutions and models; "
            "positive: the further, the worse",
            "1",
            minimum=-1,
            maximum=1,
        ),
        *(
            replace(bound, meaning=f"{bound.meaning} of rho (bootstrap of institutions)", unit="1")
            for bound in (CI95_LOW, CI95_HIGH)
        ),
        probability("p", "Two-sided p of rho, institutions permuted; not adjusted"),
        probability("p_least", "No p of this many institutions is smaller"),
        REASON,
    ),
    make=distance_effect,
    answers={CAUSES: distance_effect_text},
)
