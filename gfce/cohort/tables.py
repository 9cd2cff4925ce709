"""The tables of cohort/: patients, training sets, exclusions and leaks."""

from __future__ import annotations

from gfce.config import StudyConfig
from gfce.contract.columns import INSTITUTION, PATIENT_ID, axes, institutions
from gfce.contract.table import Column, Table
from gfce.images.modalities import MODALITIES
from gfce.study import set_aside
from gfce.study.patients import ADAPT


def _splits(config: StudyConfig) -> list[str]:
    return ["train", "test", *[ADAPT] * bool(set_aside(config))]


PATIENTS = Table(
    name="cohort/patients",
    title="Patients of the study",
    key=("patient_id",),
    columns=(
        PATIENT_ID,
        INSTITUTION,
        Column("role", "string", "Role of the institution", allowed=("development", "external")),
        Column(
            "split",
            "string",
            "Whether the patient is trained on or tested on",
            allowed=_splits,
        ),
        Column("t1w", "string", "T1w volume within the BIDS dataset"),
        Column("t2w", "string", "T2w volume within the BIDS dataset"),
        Column("ce", "string", "Contrast-enhanced T1w volume within the BIDS dataset"),
        Column("field_strength_t", "number", "Magnetic field strength", "T", minimum=0),
        Column("slices", "integer", "Slices of the volume", minimum=1),
        Column("voxel_mm", "string", "Voxel size along the three axes", "mm"),
        Column("sha256_t1w", "string", "SHA-256 of the T1w file"),
        Column("sha256_t2w", "string", "SHA-256 of the T2w file"),
        Column("sha256_ce", "string", "SHA-256 of the CE file"),
        Column("tumour", "string", "Tumour mask within the BIDS dataset, where there is one"),
        Column("sha256_tumour", "string", "SHA-256 of the tumour mask's file"),
    ),
)

TRAINING_SETS = Table(
    name="cohort/training_sets",
    title="Patients of each training set",
    key=("training_set", "patient_id"),
    columns=(*axes(["training_set"]), PATIENT_ID),
    is_of_patients=True,
)

ADAPTATION = Table(
    name="cohort/adaptation",
    title="Patients of external institutions whom repairs learn from and no model is tested on",
    key=("institution", "order"),
    columns=(
        INSTITUTION,
        Column(
            "order", "integer", "A repair that learns from k patients has orders 1 to k", minimum=1
        ),
        PATIENT_ID,
    ),
    is_of_patients=True,
)

EXCLUSIONS = Table(
    name="cohort/exclusions",
    title="Patients that quality control left out",
    columns=(
        PATIENT_ID,
        Column("institution", "string", "Institution of the patient, as participants.tsv has it"),
        Column("reason", "string", "Why quality control left the patient out"),
    ),
)

LEAKS = Table(
    name="cohort/leaks",
    title="Patients and images that are the same where they must not be",
    columns=(
        Column(
            "severity",
            "string",
            "Whether the study must not go on",
            allowed=("stop", "warning"),
        ),
        Column("kind", "string", "What was found (docs/leaks.md)"),
        PATIENT_ID,
        INSTITUTION,
        Column(
            "modality",
            "string",
            "Modality of the patient that the row is about",
            allowed=tuple(MODALITIES),
        ),
        Column("other_patient_id", "string", "The patient that it is compared with"),
        Column(
            "other_institution",
            "string",
            "Institution of that patient",
            allowed=institutions,
        ),
        Column("other_modality", "string", "Modality of that patient", allowed=tuple(MODALITIES)),
        Column(
            "score",
            "number",
            "How alike the two are: a correlation; for swapped modalities a margin",
            minimum=-1,
            maximum=1,
        ),
        Column(
            "training_sets",
            "string",
            "Training sets that one is trained on in and the other tested with, parted by "
            "semicolons",
        ),
        Column("reason", "string", "What was found in words"),
    ),
)
