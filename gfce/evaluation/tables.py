"""The tables of scores: metrics.csv and baselines.csv."""

from __future__ import annotations

from gfce.contract.columns import (
    COHORT_OF_SCORE,
    INSTITUTION,
    MODEL,
    PATIENT_ID,
    REGION,
    SCALING,
    axes,
)
from gfce.contract.table import Column, Table
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.study import CELL_KEYS, MODEL_KEYS

METRIC = Column(
    "metric",
    "string",
    "Score that the row is about",
    allowed=tuple(metric.name for metric in METRICS),
)
PREDICTOR = Column(
    "predictor",
    "string",
    "Trivial predictor: T1w itself, or the training set's mean CE intensity",
    allowed=("t1w", "mean_ce"),
)


def _score(metric: Metric) -> Column:
    return Column(
        metric.name,
        "number",
        metric.description,
        metric.unit,
        minimum=metric.smallest,
        maximum=metric.largest,
    )


SCORES = tuple(_score(metric) for metric in METRICS)

METRICS_TABLE = Table(
    name="metrics",
    title="Scores of every synthetic image",
    key=(*CELL_KEYS, "patient_id", "region", "scaling"),
    columns=(
        *axes(MODEL_KEYS),
        MODEL,
        *axes(["seed"]),
        INSTITUTION,
        COHORT_OF_SCORE,
        PATIENT_ID,
        REGION,
        SCALING,
        Column("n_voxels", "integer", "Voxels of the region", minimum=0),
        *SCORES,
    ),
    is_of_patients=True,
)

BASELINES_TABLE = Table(
    name="baselines",
    title="Scores of the trivial predictors",
    key=("predictor", "normalization", "training_set", "patient_id", "scaling"),
    columns=(
        PREDICTOR,
        *axes(["normalization", "training_set"]),
        INSTITUTION,
        COHORT_OF_SCORE,
        PATIENT_ID,
        SCALING,
        *SCORES,
    ),
    is_of_patients=True,
)
