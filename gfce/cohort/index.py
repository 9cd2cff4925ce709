"""The index of a cohort: usable patients, their roles and training sets, and who is excluded."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.cohort.bids import PatientFiles, read_dataset
from gfce.cohort.quality import check_patient
from gfce.cohort.split import assign_roles, draw_training_sets
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.files import sha256, write_csv
from gfce.images.store import MODALITIES
from gfce.progress import progress
from gfce.study import Results

PATIENT_COLUMNS = [
    *("patient_id", "institution", "role", "split", "t1w", "t2w", "ce"),
    *("field_strength_t", "slices", "voxel_mm", "sha256_t1w", "sha256_t2w", "sha256_ce"),
    "tumour",
]


def index(config: StudyConfig, workers: int = 1) -> None:
    """Check the dataset and write patients.csv, training_sets.csv and exclusions.csv.

    Raises:
        UserError: the dataset cannot carry the study, or a patient is unusable and
            `cohort.unusable_patient` is `stop`.
    """
    patients, exclusions = examine(read_dataset(config.cohort.dataset), config, workers)
    if patients.empty:
        raise UserError(f"{config.cohort.dataset}: no usable patient: see the reasons above")
    roles = assign_roles(patients.set_index("patient_id")["institution"], config)
    patients = patients.merge(roles[["role", "split"]], on="patient_id")
    results = Results(config)
    training_sets = draw_training_sets(patients, config)
    write_csv(exclusions, results.exclusions)
    write_csv(training_sets, results.training_sets)
    write_csv(patients[PATIENT_COLUMNS], results.patients)


def examine(
    patients: Iterable[PatientFiles], config: StudyConfig, workers: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Describe the usable patients, and give the reason for each of the others."""
    listed = list(patients)
    arguments = [(patient, config) for patient in listed]
    with ProcessPoolExecutor(workers) as pool:
        outcomes = list(progress(pool.map(_examine_one, arguments), "index", len(listed)))
    rows = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    excluded = [
        {"patient_id": p.patient_id, "institution": p.institution, "reason": reason}
        for p, reason in zip(listed, outcomes, strict=True)
        if isinstance(reason, str)
    ]
    _report(excluded, config)
    return (
        pd.DataFrame(rows),
        pd.DataFrame(excluded, columns=["patient_id", "institution", "reason"]),
    )


def _report(excluded: list[dict[str, str]], config: StudyConfig) -> None:
    broken = [row for row in excluded if not row["reason"].startswith(_NOT_ASKED)]
    if broken and config.cohort.unusable_patient == "stop":
        raise UserError(broken[0]["reason"] + " (cohort.unusable_patient is stop)")
    for row in broken:
        print(f"gfce: excluded {row['reason']}", file=sys.stderr)


_NOT_ASKED = "the study has no role for institution"


def _examine_one(arguments: tuple[PatientFiles, StudyConfig]) -> dict[str, Any] | str:
    patient, config = arguments
    if patient.institution not in [*config.cohort.development, *config.cohort.external]:
        return f"{_NOT_ASKED} {patient.institution or '(empty)'}"
    try:
        return _describe(patient, config.cohort.dataset)
    except UserError as error:
        return str(error)


def _describe(patient: PatientFiles, root: Path) -> dict[str, Any]:
    checked = check_patient(patient)
    files = {modality: checked.paths[modality] for modality in MODALITIES}
    return {
        "patient_id": patient.patient_id,
        "institution": patient.institution,
        "field_strength_t": patient.field_strength_t,
        "slices": checked.slices,
        "voxel_mm": "x".join(f"{length:.4g}" for length in checked.voxel_mm),
        "tumour": _relative(patient.tumour, root) if patient.tumour else None,
        **{modality: _relative(path, root) for modality, path in files.items()},
        **{f"sha256_{modality}": sha256(path) for modality, path in files.items()},
    }


def _relative(path: Path, root: Path) -> str:
    # Results never hold a path outside the dataset.
    return path.absolute().relative_to(root.absolute()).as_posix()
