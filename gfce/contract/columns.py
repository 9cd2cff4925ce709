"""Columns that several tables have, and the values that a study allows in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gfce.config import StudyConfig
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.study import AXES, CROSS, TABLED_COHORTS, cells, model_label

OVERALL = "Overall"
"""What stands in `testing` or `model` for the mean over the rows above."""
STRATIFIED = "_stratified"
"""What the scopes end with in which every institution weighs the same."""


def institutions(config: StudyConfig) -> list[str]:
    """Institutions of a study, those to train on first."""
    return config.cohort.institutions


def _testing(config: StudyConfig) -> list[str]:
    return [*institutions(config), OVERALL]


def _scopes(config: StudyConfig) -> list[str]:
    cohorts = [
        cohort + suffix for cohort in ("internal", "external") for suffix in ("", STRATIFIED)
    ]
    return [*cohorts, *institutions(config), OVERALL]


def model_labels(config: StudyConfig) -> list[str]:
    """Labels of the models, and what stands for the mean over several."""
    first_seed = config.grid.seeds[0]
    labels = [model_label(config, cell) for cell in cells(config) if cell.seed == first_seed]
    return [*labels, OVERALL]


SEED = Column("seed", "string", "Training seed; all: the mean over the seeds")
SEED_NUMBER = Column("seed", "integer", AXES["seed"].meaning, minimum=0)
_AXES = {
    name: Column(name, "string", axis.meaning, allowed=axis.values) for name, axis in AXES.items()
} | {"seed": SEED_NUMBER}


def axes(keys: Iterable[str]) -> list[Column]:
    """The columns of fields of a cell."""
    return [_AXES[key] for key in keys]


MODEL = Column(
    "model",
    "string",
    "Model label (Table I of the paper); Overall: the mean of the rows above",
    allowed=model_labels,
)
MODEL_A = Column(
    "model_a",
    "string",
    "First model of the comparison: differences are a - b",
    allowed=model_labels,
)
MODEL_B = Column(
    "model_b",
    "string",
    "Second model of the comparison; several, of different patients, are parted by semicolons",
)
INSTITUTION = Column("institution", "string", "Institution of the patient", allowed=institutions)
TESTING = Column(
    "testing",
    "string",
    "Institution that the model is tested on, or Overall: unweighted mean over the institutions "
    "above",
    allowed=_testing,
)
SCOPE = Column(
    "scope",
    "string",
    "Patients that are compared: one institution's, internal (all that both models have), external "
    "(all), these two _stratified (institutions weigh the same: difference of the Overalls), or "
    "Overall (the same, each patient set against the own institution's uni model)",
    allowed=_scopes,
)
COHORT = Column(
    "cohort",
    "string",
    "Whether the model was trained on the institution",
    allowed=TABLED_COHORTS,
)
COHORT_OF_SCORE = Column(
    "cohort",
    "string",
    "internal: held-out patients of an institution that the model was trained on; external: "
    "patients of an external institution; cross: held-out patients of another development "
    "institution",
    allowed=(*TABLED_COHORTS, CROSS),
)
PATIENT_ID = Column("patient_id", "string", "Patient")
REGION = Column("region", "string", "Part of the volume that is scored: volume, foreground, tumour")
SCALING = Column(
    "scaling",
    "string",
    "reference: both images by the real CE volume's range; separate: each by its own",
    allowed=("reference", "separate"),
)
N = Column("n", "integer", "Number of patients", minimum=0)
N_SEEDS = Column("n_seeds", "integer", "Number of training seeds that are scored", minimum=0)
N_PATIENTS = Column("n_patients", "integer", "Number of patients", minimum=0)
N_DROPPED = Column(
    "n_dropped",
    "integer",
    "Patients left out because one of the two models lacks a score",
    minimum=0,
)
CI95_LOW = Column(
    "ci95_low", "number", "Lower bound of the 95 % confidence interval", UNIT_OF_METRIC
)
CI95_HIGH = Column(
    "ci95_high", "number", "Upper bound of the 95 % confidence interval", UNIT_OF_METRIC
)
MEAN_DIFFERENCE = Column(
    "mean_difference",
    "number",
    "Mean over patients of score a - score b; where institutions weigh the same, of their means",
    UNIT_OF_METRIC,
)
REASON = Column(
    "reason", "string", "Why a value of the row is empty or special; empty: nothing to say"
)


def probability(name: str, meaning: str) -> Column:
    """The column of a p."""
    return Column(name, "number", meaning, minimum=0, maximum=1)


def interval_of(effect: str) -> tuple[Column, Column]:
    """The bounds of the 95 % confidence interval of a percentage."""
    low, high = (
        replace(bound, meaning=f"{bound.meaning} of {effect}", unit="%")
        for bound in (CI95_LOW, CI95_HIGH)
    )
    return low, high
