"""variance_components.csv: how much of a score is the institution's, the patient's, the seed's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gfce.contract.columns import COHORT, MODEL, N_DROPPED, N_PATIENTS, N_SEEDS, REASON
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.evaluation.tables import METRIC
from gfce.statistics.design import Model
from gfce.statistics.methods.components import COMPONENTS, variance_components
from gfce.statistics.methods.variances_search import Floats
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.selection import where
from gfce.statistics.study_tables import StudyTable

CHANGES = {
    "retraining": ("seed", "institution:seed", "patient:seed"),
    "other patients": ("patient", "patient:seed"),
    "other hospitals": ("institution", "patient", "institution:seed", "patient:seed"),
}
"""What would be drawn anew, all else being kept, and the components that this draws."""


def seed_components(study: ScoredStudy) -> pd.DataFrame:
    """variance_components.csv: a block of rows for each model, cohort and metric.

    A row for each of the components, and for each of the sums in `CHANGES`.
    """
    by_seed = pd.concat(
        [replace(study, seed=seed).scores.assign(seed=seed) for seed in study.config.grid.seeds],
        ignore_index=True,
    )
    rows = [
        row
        for model in study.models
        for cohort in dict.fromkeys(cohort for _, cohort in model.institutions())
        for metric in METRICS
        for row in _rows(by_seed, model, cohort, metric)
    ]
    return TABLE.frame(rows)


def _rows(by_seed: pd.DataFrame, model: Model, cohort: str, metric: Metric) -> list[dict[str, Any]]:
    own = where(by_seed, {"model": model.label, "cohort": cohort})
    keys = ["institution", "patient_id"]
    wide = own.pivot_table(index=keys, columns="seed", values=metric.name, sort=False)
    complete = wide.dropna()
    institutions = complete.index.get_level_values("institution")
    codes = pd.factorize(institutions)[0]
    counts = np.bincount(codes).astype(float)
    common = {
        **{"model": model.label, "cohort": cohort, "metric": metric.name},
        "n_institutions": len(counts),
        "n_patients": len(complete),
        "n_seeds": complete.shape[1],
        "n_dropped": len(wide) - len(complete),
    }
    scores = complete.to_numpy(float)
    reason = _obstacle(scores, counts)
    found = None if reason else variance_components(scores, codes)
    if found is None:
        reason = reason or "the likelihood has no maximum that was found"
        found = np.full(len(COMPONENTS), np.nan)
    rows = _described(found, counts, scores.shape[1], reason)
    return [common | row for row in rows]


def _obstacle(scores: Floats, counts: Floats) -> str:
    if scores.size == 0:
        return "no patient is scored under every seed"
    if scores.shape[1] < 2:
        return "one seed: chance of training cannot be told from patients"
    if counts.max() < 2:
        return "each institution has one patient"
    if scores.std() <= 1e-12 * np.abs(scores).max():
        return "all scores are the same"
    return ""


def _described(found: Floats, counts: Floats, seeds: int, reason: str) -> list[dict[str, Any]]:
    """Rows of the components, and of the sums of them."""
    variances = dict(zip(COMPONENTS, found.tolist(), strict=True))
    of_mean = dict(zip(COMPONENTS, (found * _part_in_mean(counts, seeds)).tolist(), strict=True))
    total = float(np.nansum(found))
    rows = []
    for name, parts in {**{name: (name,) for name in COMPONENTS}, **CHANGES}.items():
        variance = sum(variances[part] for part in parts if not _is_left_out(name, part, counts))
        mean = sum(of_mean[part] for part in parts if not _is_left_out(name, part, counts))
        missing = np.isnan(variance)
        rows.append(
            {
                "component": name,
                "variance": variance,
                "sd": variance**0.5,
                "share": variance / total if total else None,
                "sd_of_mean": mean**0.5,
                "reason": reason or ("one institution" if missing else ""),
            }
        )
    return rows


def _is_left_out(name: str, part: str, counts: Floats) -> bool:
    """With one institution, retraining draws `seed` alone, which holds institution:seed."""
    return len(counts) == 1 and name == "retraining" and part == "institution:seed"


def _part_in_mean(counts: Floats, seeds: int) -> Floats:
    """Variance of the cohort's mean for each unit of a component's variance (components,).

    The mean is that of tables 2 and 3: over seeds, then patients, then institutions, all with the
    same weight (generalizability theory: Brennan 2001).
    """
    if not len(counts):
        return np.full(len(COMPONENTS), np.nan)
    institutions = len(counts)
    patients = float(np.sum(1 / counts)) / institutions**2
    return np.array(
        [1 / institutions, patients, 1 / seeds, 1 / (institutions * seeds), patients / seeds]
    )


TABLE = StudyTable(
    name="statistics/variance_components",
    title="Variance of the scores by institution, patient and training seed",
    key=("model", "cohort", "metric", "component"),
    columns=(
        MODEL,
        COHORT,
        METRIC,
        Column(
            "component",
            "string",
            "Part of the variance (patient:seed holds the error), or the sum of what would change "
            "by retraining, with other patients of the same hospitals, with other hospitals",
            allowed=(*COMPONENTS, *CHANGES),
        ),
        Column(
            "variance",
            "number",
            "Variance of one patient's score of one training (restricted maximum likelihood)",
            f"square of the {UNIT_OF_METRIC}",
            minimum=0,
        ),
        Column("sd", "number", "Its square root", UNIT_OF_METRIC, minimum=0),
        Column("share", "number", "Its part of the sum of the five components", "1", 0, 1),
        Column(
            "sd_of_mean",
            "number",
            "Standard deviation that it gives to the cohort's mean in tables 2 and 3 with these "
            "numbers of institutions, patients and seeds",
            UNIT_OF_METRIC,
            minimum=0,
        ),
        Column("n_institutions", "integer", "Number of institutions", minimum=0),
        N_PATIENTS,
        N_SEEDS,
        replace(N_DROPPED, meaning="Patients left out because a seed lacks their score"),
        REASON,
    ),
    make=seed_components,
)
