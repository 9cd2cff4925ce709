"""The index of a cohort: usable patients, their roles and training sets, and who is excluded."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Collection, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.cohort.bids import PatientFiles
from gfce.cohort.reading import read_dataset
from gfce.cohort.split import assign_roles, draw_adaptation, draw_training_sets
from gfce.cohort.tables import EXCLUSIONS, PATIENTS
from gfce.cohort.usability import check_patient
from gfce.cohort.workers import for_each
from gfce.config import StudyConfig
from gfce.errors import UserError, one_line
from gfce.files import sha256, write_csv
from gfce.images.masks import listed
from gfce.study import Results, set_aside

LABELS = "labels"
"""The key of what is kept of a patient for a warning only: several labels of the mask."""


def index(config: StudyConfig, workers: int = 1) -> None:
    """Check the dataset and write patients.csv, training_sets.csv and exclusions.csv.

    If repairs of the grid learn from patients of external institutions, also adaptation.csv.

    Raises:
        UserError: the dataset cannot carry the study, or a patient is unusable and
            `cohort.unusable_patient` is `stop`, or a worker process was killed.
    """
    patients, exclusions = examine(
        read_dataset(config.cohort.dataset, config.cohort.bids), config, workers
    )
    if patients.empty:
        raise UserError("cohort.dataset: no usable patient: see the reasons above")
    institutions = patients.set_index("patient_id")["institution"]
    roles = assign_roles(institutions, config)
    patients = patients.merge(roles[["role", "split"]], on="patient_id")
    results = Results(config)
    training_sets = draw_training_sets(patients, config)
    write_csv(exclusions, results.exclusions)
    write_csv(training_sets, results.training_sets)
    if set_aside(config):
        write_csv(draw_adaptation(institutions, config), results.adaptation)
    write_csv(patients[PATIENTS.names], results.patients)


def examine(
    patients: Iterable[PatientFiles], config: StudyConfig, workers: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Describe the usable patients, and give the reason for each of the others.

    Raises:
        UserError: nobody is of the study's institutions, `cohort.exclude` names nobody, or as
            `index`.
    """
    roles, exclude = set(config.cohort.institutions), config.cohort.exclude
    listed_patients = list(patients)
    _check_patients(listed_patients, roles, exclude)
    with_role = [patient for patient in listed_patients if patient.institution in roles]
    examined = [patient for patient in with_role if patient.patient_id not in exclude]
    examine_one = partial(_examine_one, config=config)
    by_id = {patient.patient_id: patient for patient in examined}
    outcomes = for_each(by_id, examine_one, workers, "index")
    usable = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    broken = [
        _exclusion(patient, reason)
        for patient, reason in zip(examined, outcomes, strict=True)
        if isinstance(reason, str)
    ]
    left_out = [
        _exclusion(patient, f"{patient.patient_id}: {exclude[patient.patient_id]} (cohort.exclude)")
        for patient in with_role
        if patient.patient_id in exclude
    ]
    _report(broken, left_out, config)
    _report_labels([outcome.pop(LABELS) for outcome in usable])
    without_role = [
        _exclusion(patient, _no_role(patient, roles))
        for patient in listed_patients
        if patient.institution not in roles
    ]
    excluded = sorted([*broken, *left_out, *without_role], key=lambda row: row["patient_id"])
    return pd.DataFrame(usable), EXCLUSIONS.frame(excluded)


def _check_patients(
    patients: list[PatientFiles], roles: Collection[str], exclude: Collection[str]
) -> None:
    """Refuse a dataset without a patient of the study, and an exclusion of nobody."""
    if not any(patient.institution in roles for patient in patients):
        institutions = sorted({p.institution or "(empty)" for p in patients})
        raise UserError(
            f"participants.tsv: nobody is of the study's institutions, but of "
            f"{one_line(', '.join(institutions))}: correct cohort.development and cohort.external"
        )
    known = [patient.patient_id for patient in patients]
    for name in exclude:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise UserError(
                f"cohort.exclude: participants.tsv has no patient {one_line(name)}{hint}"
            )


def _no_role(patient: PatientFiles, roles: set[str]) -> str:
    if not patient.institution:
        return patient.no_institution
    close = [role for role in roles if role.casefold() == patient.institution.casefold()]
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"the study has no role for institution {one_line(patient.institution)}{hint}"


def _exclusion(patient: PatientFiles, reason: str) -> dict[str, str]:
    return {
        "patient_id": patient.patient_id,
        "institution": patient.institution,
        "reason": reason,
    }


def _report(
    broken: list[dict[str, str]], left_out: list[dict[str, str]], config: StudyConfig
) -> None:
    if broken and config.cohort.unusable_patient == "stop":
        raise UserError(broken[0]["reason"] + " (cohort.unusable_patient is stop)")
    for row in [*broken, *left_out]:
        print(f"gfce: excluded {row['reason']}", file=sys.stderr)


def _report_labels(labels_of_masks: list[tuple[int, ...]]) -> None:
    """Warn once that masks have several labels; all of them are taken for tumour."""
    several = [labels for labels in labels_of_masks if labels]
    if several:
        labels = sorted({label for labels in several for label in labels})
        print(
            f"gfce: warning: {len(several)} tumour masks have several labels ({listed(labels)}): "
            "all of them count as tumour; cohort.mask_label chooses one",
            file=sys.stderr,
        )


def _examine_one(patient: PatientFiles, config: StudyConfig) -> dict[str, Any] | str:
    if patient.problem:
        return f"{patient.patient_id}: {patient.problem}"
    try:
        return _describe(patient, config)
    except UserError as error:
        return str(error)


def _describe(patient: PatientFiles, config: StudyConfig) -> dict[str, Any]:
    root = config.cohort.dataset
    checked = check_patient(patient, config.cohort.mask_label, config.images.alignment)
    return {
        "patient_id": patient.patient_id,
        "institution": patient.institution,
        "field_strength_t": patient.field_strength_t,
        "slices": checked.slices,
        "voxel_mm": "x".join(f"{length:.4g}" for length in checked.voxel_mm),
        LABELS: checked.labels,
        "tumour": _relative(patient.tumour, root) if patient.tumour else None,
        **{modality: _relative(path, root) for modality, path in checked.paths.items()},
        **{f"sha256_{modality}": sha256(path) for modality, path in checked.paths.items()},
        "sha256_tumour": sha256(patient.tumour) if patient.tumour else None,
    }


def _relative(path: Path, root: Path) -> str:
    # Results hold no path outside the dataset.
    return path.absolute().relative_to(root.absolute()).as_posix()
