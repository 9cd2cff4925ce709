"""The columns of institution_distances.csv and training_distances.csv."""

from __future__ import annotations

from dataclasses import replace

from gfce.contract.columns import COHORT_OF_SCORE, INSTITUTION, axes
from gfce.contract.table import Column, Table
from gfce.images.modalities import MODALITIES


def _patients(name: str, whose: str) -> Column:
    return Column(name, "integer", f"Patients of {whose}", minimum=1)


MODALITY = Column("modality", "string", "Volume of the patients", allowed=tuple(MODALITIES))
DISTANCE = Column(
    "distance",
    "number",
    "Wasserstein-1 distance of the normalized intensities of the heads (each patient weighs the "
    "same), over scale; empty: scale is 0",
    "SD",
    minimum=0,
)
SCALE = Column(
    "scale",
    "number",
    "SD of these intensities within an institution: root of the mean variance over all "
    "institutions of the study",
    "normalized intensity",
    minimum=0,
)

INSTITUTION_DISTANCES = Table(
    name="cohort/institution_distances",
    title="How far apart the intensities of two institutions are",
    key=("normalization", "modality", "institution_a", "institution_b"),
    columns=(
        *axes(["normalization"]),
        MODALITY,
        replace(INSTITUTION, name="institution_a", meaning="First institution"),
        replace(INSTITUTION, name="institution_b", meaning="Second institution"),
        _patients("n_a", "the first institution"),
        _patients("n_b", "the second institution"),
        DISTANCE,
        SCALE,
    ),
)
"""Each pair once; fitted normalizations are those of the last training set."""

TRAINING_DISTANCES = Table(
    name="cohort/training_distances",
    title="How far an institution's tested patients are from a model's training patients",
    key=("normalization", "modality", "training_set", "institution"),
    columns=(
        *axes(["normalization"]),
        MODALITY,
        *axes(["training_set"]),
        replace(INSTITUTION, meaning="Institution of the tested patients"),
        COHORT_OF_SCORE,
        _patients("n", "the institution who are tested"),
        _patients("n_training", "the training set"),
        DISTANCE,
        SCALE,
    ),
)
"""Normalizations are fitted on the row's training set."""
