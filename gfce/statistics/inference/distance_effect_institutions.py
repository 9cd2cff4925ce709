"""distance_effect_institutions.csv: how far an institution is from a model's training, and how bad.

The points whose correlation distance_effect.csv has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gfce.contract.columns import COHORT, INSTITUTION, MODEL, REASON, axes
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.evaluation.tables import METRIC
from gfce.images.modalities import INPUTS
from gfce.provenance.state import NOT_MADE
from gfce.quality.distance_tables import TRAINING_DISTANCES
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.statistics.tables.read import read_table
from gfce.steps import Task
from gfce.study import MODEL_KEYS, Results, remotes

Distances = dict[tuple[str, str, str], float]
"""By normalization, training set and institution."""


def distance_effect_institutions(study: ScoredStudy) -> pd.DataFrame:
    """A row for each tested metric, model and institution that it is tested on."""
    known, whole = study.once(_distances), study.once(_why_none)
    merged = {remote.name for remote in remotes(study.config)}
    rows: list[dict[str, Any]] = []
    for metric in TESTED_METRICS:
        for model in study.models:
            place = model.cell.normalization, model.cell.training_set
            for institution, cohort in model.institutions():
                distance = known.get((*place, institution), np.nan)
                score = study.means.at(model, institution, cohort, metric)
                names = {"metric": metric.name, "model": model.label, **model.keys}
                where = {"institution": institution, "cohort": cohort}
                numbers = {"distance": distance, "mean": score}
                reason = _reason(distance, score, whole, institution in merged)
                rows.append(names | where | numbers | {"reason": reason})
    return TABLE.frame(rows)


def _why_none(study: ScoredStudy) -> str:
    """Why the study has no distances that can be used (empty: it has)."""
    if (step := Task("distances")) in study.unusable:
        return f"no distances: {study.unusable[step]}"
    written = Results(study.config).training_distances.exists()
    return "" if written else f"no distances: {NOT_MADE}"


def _distances(study: ScoredStudy) -> Distances:
    """Means over the inputs."""
    if study.once(_why_none):
        return {}
    path = Results(study.config).training_distances
    table = read_table(path, TRAINING_DISTANCES.names, ["distance", "scale"])
    table = table[table["modality"].isin(INPUTS)]
    keys = ["normalization", "training_set", "institution"]
    # A mean over one of them would be another quantity.
    means = table.groupby(keys, sort=False)["distance"].agg(lambda d: d.mean(skipna=False))
    return {key: float(value) for key, value in means.items()}  # type: ignore[misc]


def _reason(distance: float, score: float, whole: str, is_merged: bool) -> str:
    reasons = []
    if np.isnan(distance):
        merged = "no distance: the institution's images stayed there"
        reasons.append(whole or (merged if is_merged else "no distance was measured"))
    if np.isnan(score):
        reasons.append("not scored")
    return "; ".join(reasons)


DISTANCE = Column(
    "distance",
    "number",
    "Distance of the institution's tested patients from the model's training patients: mean of "
    "T1w's and T2w's in cohort/training_distances.csv",
    "SD",
    minimum=0,
)
TABLE = StudyTable(
    name="statistics/distance_effect_institutions",
    title="How far an institution is from a model's training patients, and the model's score there",
    key=("metric", "model", "institution"),
    columns=(
        METRIC,
        MODEL,
        *axes(MODEL_KEYS),
        replace(INSTITUTION, meaning="Institution that the model is tested on"),
        COHORT,
        DISTANCE,
        Column("mean", "number", "Mean score over the institution's patients", UNIT_OF_METRIC),
        REASON,
    ),
    make=distance_effect_institutions,
)
