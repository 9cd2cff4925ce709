"""Which patients the viewer shows: by a rule, not by hand (docs/report.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import pandas as pd

from gfce.images.store import StoredPatient
from gfce.report.page.study import ReportedStudy
from gfce.statistics.design import Model

RULE = "largest tumour of {institution}"


@dataclass(frozen=True)
class Case:
    """A patient who is shown, and why."""

    patient_id: str
    institution: str
    reasons: tuple[str, ...]


def judge(study: ReportedStudy) -> Model:
    """The model whose errors rank the patients: the first pooled one, else the first."""
    return next((model for model in study.models if model.is_pooled), study.models[0])


def chosen(study: ReportedStudy, metrics: pd.DataFrame) -> list[Case]:
    """Median, best and worst by the judge's MAE, then the largest tumour of each institution.

    Args:
        study: the study.
        metrics: rows of metrics.csv.
    """
    # Patients of an institution that was merged into the study stayed at home.
    institutions = dict(study.patients.set_index("patient_id")["institution"])
    here = metrics[metrics["patient_id"].isin(list(institutions))]
    reasons: dict[str, list[str]] = {}
    for patient, reason in [*_by_error(study, here), *_by_tumour(study, here, institutions)]:
        reasons.setdefault(patient, []).append(reason)
    return [Case(name, institutions[name], tuple(why)) for name, why in reasons.items()]


def errors_of(study: ReportedStudy, metrics: pd.DataFrame, label: str) -> pd.Series[float]:
    """The MAE of a model's synthetic volumes by patient, on the [0, 1] scale, seeds averaged."""
    rows = metrics[
        (metrics["model"] == label)
        & (metrics["region"] == "volume")
        & (metrics["scaling"] == study.config.evaluation.scaling)
    ]
    return rows.groupby("patient_id", sort=False)["mae"].mean().dropna()


def _by_error(study: ReportedStudy, metrics: pd.DataFrame) -> Iterator[tuple[str, str]]:
    label = judge(study).label
    external = metrics[metrics["cohort"] == "external"]
    errors = errors_of(study, external, label)
    where = "external" if len(errors) else "internal"
    errors = errors if len(errors) else errors_of(study, metrics, label)
    ranked = errors.sort_values(kind="stable").index
    if len(ranked):
        places = {"median": (len(ranked) - 1) // 2, "smallest": 0, "largest": -1}
        for name, place in places.items():
            yield str(ranked[place]), f"{name} MAE of {label} among {len(ranked)} {where} patients"


def _by_tumour(
    study: ReportedStudy, metrics: pd.DataFrame, institutions: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """The patient with the largest tumour of each external institution that has masks."""
    cohort = study.config.cohort
    tumours = metrics[metrics["region"] == "tumour"].drop_duplicates("patient_id")
    voxels = dict(tumours.set_index("patient_id")["n_voxels"])
    for institution in cohort.external or cohort.development:
        folder = study.results.images(institution)
        volumes = {
            patient: number * prod(StoredPatient(folder, patient).geometry.spacing)
            for patient, number in voxels.items()
            if institutions[patient] == institution
        }
        if volumes:
            yield (
                max(volumes, key=lambda patient: volumes[patient]),
                RULE.format(institution=institution),
            )
