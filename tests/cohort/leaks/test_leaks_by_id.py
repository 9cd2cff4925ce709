"""Leaks that the ids alone show: a clean cohort has none, and each planted one is its own row."""

from __future__ import annotations

import pandas as pd
import pytest
from planting import expected, only_row, patient, same

from gfce.cohort.leaks import find_leaks, guard
from gfce.cohort.tables import LEAKS
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.study import Results


def test_a_clean_cohort_has_a_header_and_nothing_else(
    study: StudyConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Results(study).root / "cohort" / "leaks.csv"
    guard(study, workers=2)
    first = path.read_bytes()
    assert first.decode() == ",".join(LEAKS.names) + "\n"
    guard(study)
    assert path.read_bytes() == first
    assert capsys.readouterr().err == ""


def add_to_training(config: StudyConfig, name: str, patient_id: str) -> None:
    path = Results(config).training_sets
    path.write_text(f"{path.read_text()}{name},{patient_id}\n")


def test_a_test_patient_in_a_training_set(study: StudyConfig) -> None:
    tested = patient(study, 1, "test")
    add_to_training(study, "uni-Institution-1", tested["patient_id"])
    reason = "uni-Institution-1 trains on a patient whom its models are tested on"
    sets = "uni-Institution-1"
    row = expected("stop", "trained_and_tested", tested, training_sets=sets, reason=reason)
    assert same(only_row(study), row)
    with pytest.raises(UserError) as caught:
        guard(study)
    path = Results(study).root / "cohort" / "leaks.csv"
    assert str(caught.value) == (
        f"{tested['patient_id']}: {reason}: run `gfce index` again (see {path})"
    )
    assert len(pd.read_csv(path)) == 1


def test_patients_whom_a_training_set_must_not_hold(study: StudyConfig) -> None:
    other = patient(study, 2, "test")
    foreign = patient(study, 2, "train")
    own = patient(study, 1, "train")
    for patient_id in (other["patient_id"], foreign["patient_id"], own["patient_id"], "sub-X"):
        add_to_training(study, "uni-Institution-1", patient_id)
    table = find_leaks(study)
    found = dict(zip(table["patient_id"], table["kind"], strict=True))
    assert found == {
        other["patient_id"]: "trained_and_tested",
        foreign["patient_id"]: "foreign_institution",
        own["patient_id"]: "trained_twice",
        "sub-X": "unknown_patient",
    }
    severities = dict(zip(table["kind"], table["severity"], strict=True))
    assert [kind for kind, value in severities.items() if value == "warning"] == ["trained_twice"]


def test_a_training_set_without_patients(study: StudyConfig) -> None:
    path = Results(study).training_sets
    table = pd.read_csv(path)
    table[table["training_set"] != "tri"].to_csv(path, index=False)
    assert only_row(study)["kind"] == "empty_training_set"
    with pytest.raises(UserError, match=r"training_sets.csv: tri holds no patient: run"):
        guard(study)
