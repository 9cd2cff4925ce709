"""Leaks that the ids alone show: patients who are trained on and tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.study import Cell, Results, read_training_set, test_patients
from gfce.study.patients import adapted_sets, read_adaptation

Row = dict[str, Any]
"""One line of leaks.csv."""


@dataclass(frozen=True)
class Roles:
    """For each training set the ids that it trains on, and those that its models are tested on.

    Weights and a normalization's parameters are both fitted on the ids of the training set alone,
    so these roles cover both.
    """

    trained: dict[str, list[str]]
    tested: dict[str, frozenset[str]]
    adapted: dict[str, frozenset[str]]
    """Those of external institutions whom a repair of models of the set learns from."""
    institutions: dict[str, str]
    """Of each patient."""

    @classmethod
    def of(cls, config: StudyConfig, results: Results, patients: pd.DataFrame) -> Roles:
        """The roles of a study's patients: patients.csv, training_sets.csv, adaptation.csv."""
        names = list(config.training_sets())
        # Who a model is tested on depends on its training set alone.
        tests = {name: test_patients(config, Cell("", "", name, ""), patients) for name in names}
        adapted = adapted_sets(config)
        set_aside = frozenset(read_adaptation(results)["patient_id"]) if adapted else frozenset()
        return cls(
            {name: read_training_set(results, name) for name in names},
            {name: frozenset(table["patient_id"]) for name, table in tests.items()},
            {name: set_aside if name in adapted else frozenset() for name in names},
            dict(zip(patients["patient_id"], patients["institution"], strict=True)),
        )

    def concerned(self, first: str, second: str) -> list[str]:
        """The training sets with one of two patients whose models are tested on the other."""
        return [
            name
            for name in self.trained
            if self._knows(name, first, second) or self._knows(name, second, first)
        ]

    def _knows(self, name: str, seen: str, tested: str) -> bool:
        """Whether a model of a training set that is tested on one patient has seen another.

        A model that is adapted to an institution is tested on no other one's patients.
        """
        one_institution = self.institutions.get(seen) == self.institutions.get(tested)
        is_adapted = seen in self.adapted[name] and one_institution
        return tested in self.tested[name] and (seen in self.trained[name] or is_adapted)


def leaks_by_id(config: StudyConfig, roles: Roles, patients: pd.DataFrame) -> list[Row]:
    """Rows for patients whom a training set must not hold, in its order."""
    table = patients.drop_duplicates("patient_id").set_index("patient_id")
    rows = [
        _row("patient_twice", patient, table, [], "is there twice in patients.csv")
        for patient in sorted(set(patients["patient_id"][patients["patient_id"].duplicated()]))
    ]
    for name, institutions in config.training_sets().items():
        if not roles.trained[name]:
            rows.append(_row("empty_training_set", "", table, [name], f"{name} holds no patient"))
        for patient in dict.fromkeys(roles.trained[name]):
            problem = _problem(patient, name, institutions, roles, table)
            if problem:
                kind, reason = problem
                rows.append(_row(kind, patient, table, [name], reason))
        for patient in sorted(roles.adapted[name] & roles.tested[name]):
            reason = f"a repair of {name} learns from a patient whom its models are tested on"
            rows.append(_row("trained_and_tested", patient, table, [name], reason))
    return rows


def _problem(
    patient: str, name: str, institutions: list[str], roles: Roles, table: pd.DataFrame
) -> tuple[str, str] | None:
    """Kind and reason of the row for a patient whom a training set must not hold (None: it may)."""
    if patient not in table.index:
        return "unknown_patient", f"{name} holds a patient who is not in patients.csv"
    institution = str(table.loc[patient, "institution"])
    if patient in roles.tested[name]:
        return "trained_and_tested", f"{name} trains on a patient whom its models are tested on"
    if institution not in institutions:
        return "foreign_institution", f"{name} is not to train on {institution}"
    if roles.trained[name].count(patient) > 1:
        return "trained_twice", f"{name} holds the patient {roles.trained[name].count(patient)}x"
    return None


def _row(kind: str, patient: str, table: pd.DataFrame, sets: list[str], reason: str) -> Row:
    institution = table.loc[patient, "institution"] if patient in table.index else None
    return {
        "severity": "warning" if kind == "trained_twice" else "stop",
        "kind": kind,
        "patient_id": patient or None,
        "institution": institution,
        "training_sets": ";".join(sets),
        "reason": reason,
    }


def sides(row: Row) -> str:
    """The two patients or modalities that a row of leaks.csv is about."""

    def side(patient: Any, modality: Any) -> str:
        return " ".join(str(part) for part in (patient, modality) if not pd.isna(part))

    first = side(row["patient_id"], row["modality"])
    second = side(row["other_patient_id"], row["other_modality"])
    return f"{first} and {second}" if second else first or "training_sets.csv"
