"""How much training seeds matter beside patients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from gfce.contract.columns import COHORT, MODEL, N_PATIENTS, N_SEEDS, OVERALL, REASON, TESTING
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.evaluation.tables import METRIC
from gfce.files import records
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.statistics.tables.aggregate import SCORE_KEYS


def seed_spread(study: ScoredStudy) -> pd.DataFrame:
    """seeds.csv: a row for each row of tables 2 and 3 and each metric.

    sd_between_seeds is the SD (n - 1) of the seeds' means, each over all patients of the row;
    sd_between_patients that of the patients' scores, each the mean over the seeds: what tables 2
    and 3 print. Overall: of the seeds' Overalls.
    """
    per_seed = pd.concat([replace(study, seed=seed).rows for seed in study.config.grid.seeds])
    grouped = per_seed.groupby(list(SCORE_KEYS))
    rows = [
        _row(metric, row, grouped.get_group(tuple(row[k] for k in SCORE_KEYS))[metric.mean])
        for row in records(study.rows)
        for metric in METRICS
    ]
    return TABLE.frame(rows)


def _row(metric: Metric, row: dict[str, Any], seed_means: pd.Series[float]) -> dict[str, Any]:
    means = seed_means.dropna()
    reason = {0: "no seed is scored", 1: "one seed has no spread"}.get(len(means), "")
    if not reason and pd.isna(row[metric.sd]):
        reason = "no SD between patients" + (" of every institution" * (row["testing"] == OVERALL))
    return {
        **{key: row[key] for key in SCORE_KEYS},
        "metric": metric.name,
        "n_seeds": len(means),
        "n_patients": row["n"],
        "mean": row[metric.mean],
        "sd_between_seeds": means.std(ddof=1) if len(means) > 1 else None,
        "sd_between_patients": row[metric.sd],
        "lowest_seed_mean": means.min() if len(means) else None,
        "highest_seed_mean": means.max() if len(means) else None,
        "reason": reason,
    }


def _of_metric(name: str, meaning: str, minimum: float | None = None) -> Column:
    return Column(name, "number", meaning, UNIT_OF_METRIC, minimum=minimum)


TABLE = StudyTable(
    name="statistics/seeds",
    title="Spread between seeds beside the spread between patients",
    key=(*SCORE_KEYS, "metric"),
    columns=(
        MODEL,
        TESTING,
        COHORT,
        METRIC,
        N_SEEDS,
        N_PATIENTS,
        _of_metric("mean", "Mean over patients, seeds averaged first (tables 2 and 3)"),
        _of_metric("sd_between_seeds", "Standard deviation (n - 1) of the seeds' means", 0),
        _of_metric(
            "sd_between_patients",
            "Standard deviation (n - 1) of the patients' scores, seeds averaged first",
            0,
        ),
        _of_metric("lowest_seed_mean", "Smallest of the seeds' means"),
        _of_metric("highest_seed_mean", "Largest of the seeds' means"),
        REASON,
    ),
    make=seed_spread,
)
