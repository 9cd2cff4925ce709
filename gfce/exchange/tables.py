"""The tables that come back from another hospital, and are kept in `remote/<institution>`."""

from __future__ import annotations

from dataclasses import replace

from gfce.cohort.tables import PATIENTS
from gfce.contract.columns import INSTITUTION
from gfce.contract.table import Column, Table
from gfce.evaluation.tables import BASELINES_TABLE, METRICS_TABLE
from gfce.exchange.reasons import OTHER, REASONS

FOLDER = "remote/*"
_SHARED = ("patient_id", "institution", "field_strength_t", "slices", "voxel_mm")

REMOTE_METRICS = replace(
    METRICS_TABLE,
    name=f"{FOLDER}/metrics",
    title="Scores of the synthetic images of a merged institution",
    is_of_patients=False,
)
REMOTE_BASELINES = replace(
    BASELINES_TABLE,
    name=f"{FOLDER}/baselines",
    title="Scores of the trivial predictors at a merged institution",
    is_of_patients=False,
)
REMOTE_PATIENTS = Table(
    name=f"{FOLDER}/patients",
    title="Patients of a merged institution, by pseudonyms that only the institution can resolve",
    key=("patient_id",),
    columns=(
        *(column for column in PATIENTS.columns if column.name in _SHARED),
        Column("tumour", "boolean", "Whether there is a tumour mask"),
    ),
)
REMOTE_EXCLUSIONS = Table(
    name=f"{FOLDER}/exclusions",
    title="How many patients of a merged institution could not be used, and why",
    key=("reason",),
    columns=(
        INSTITUTION,
        Column("reason", "string", "Why", allowed=(*REASONS, OTHER)),
        Column("n", "integer", "Patients", minimum=1),
    ),
)
REMOTE_TABLES = (REMOTE_METRICS, REMOTE_BASELINES, REMOTE_PATIENTS, REMOTE_EXCLUSIONS)
"""In the order of `gfce.study.remote.TABLES`."""
