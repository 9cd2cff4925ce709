"""How much training seeds matter beside patients."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.files import records
from gfce.statistics.aggregation import OVERALL, patient_scores
from gfce.statistics.design import METRICS, Metric
from gfce.statistics.tables import study_rows

COLUMNS = [
    "model", "testing", "cohort", "metric", "n_seeds", "n_patients", "mean", "sd_between_seeds",
    "sd_between_patients", "lowest_seed_mean", "highest_seed_mean", "reason",
]  # fmt: skip


def seed_spread(config: StudyConfig, metrics: pd.DataFrame) -> pd.DataFrame:
    """seeds.csv: a row for each row of tables 2 and 3 and each metric.

    sd_between_seeds is the SD (n - 1) of the seeds' means, each over all patients of the row;
    sd_between_patients that of the patients' scores, each the mean over the seeds: what tables 2
    and 3 print. Overall: of the seeds' Overalls.
    """
    keys = ["model", "testing", "cohort"]
    scaling = config.evaluation.scaling
    averaged = study_rows(config, patient_scores(metrics, scaling))
    per_seed = pd.concat(
        [study_rows(config, patient_scores(metrics, scaling, seed=s)) for s in config.grid.seeds]
    )
    grouped = per_seed.groupby(keys)
    rows = [
        _row(metric, row, grouped.get_group(tuple(row[key] for key in keys))[metric.mean].dropna())
        for row in records(averaged)
        for metric in METRICS
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(metric: Metric, row: dict[str, Any], means: pd.Series[float]) -> dict[str, Any]:
    reason = {0: "no seed is scored", 1: "one seed has no spread"}.get(len(means), "")
    if not reason and pd.isna(row[metric.sd]):
        reason = "no SD between patients" + (" of every institution" * (row["testing"] == OVERALL))
    return {
        "model": row["model"],
        "testing": row["testing"],
        "cohort": row["cohort"],
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
