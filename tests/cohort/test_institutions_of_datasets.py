"""Where the institution of a patient stands in datasets of other programs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cohorts import COHORT, Configure
from dataset_changes import anat

from gfce.cohort.index import index
from gfce.cohort.reading import read_dataset
from gfce.config import Bids, StudyConfig
from gfce.errors import UserError
from gfce.estimating.size import counted_size
from gfce.study import Results


def without_column(root: Path, name: str | None = None) -> None:
    """A dataset whose column of institutions has another name, or is not there."""
    path = root / "participants.tsv"
    if name:
        path.write_text(path.read_text().replace("institution", name))
    else:
        path.write_text("".join(f"{line.split()[0]}\n" for line in path.read_text().splitlines()))


def name_institutions(root: Path, names: Callable[[str], str]) -> None:
    for patient, institution in COHORT.items():
        path = anat(root, f"{patient}_T1w.json", f"{patient}/anat")
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "InstitutionName": names(institution)}))


def institutions(root: Path, **bids: Any) -> dict[str, str]:
    return {p.patient_id: p.institution for p in read_dataset(root, Bids(**bids))}


def test_institutions_of_sidecars_where_participants_tsv_has_none(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    without_column(root, "site")
    name_institutions(root, lambda name: f" Klinikum {name} ")
    assert institutions(root) == {p: f"Klinikum {name}" for p, name in COHORT.items()}
    assert "institutions are InstitutionName in the sidecars of T1w" in caplog.text
    names = {f"Klinikum {name}": name for name in "ABCD"}
    assert institutions(root, institution_names=names) == COHORT
    caplog.clear()
    assert institutions(root, institution_column="site") == COHORT
    assert caplog.messages == []


def test_an_institution_is_inherited_like_all_of_a_sidecar(root: Path) -> None:
    without_column(root)
    (root / "T1w.json").write_text('{"InstitutionName": "A"}')
    anat(root, "sub-B1_T1w.json", "sub-B1").write_text('{"InstitutionName": "B"}')
    anat(root, "sub-B2_T1w.json", "sub-B2").write_text('{"InstitutionName": 3}')
    anat(root, "sub-B3_T1w.json", "sub-B3").write_text("{")
    expected = dict.fromkeys(COHORT, "A") | {"sub-B1": "B", "sub-B2": "", "sub-B3": ""}
    assert institutions(root) == expected


def test_the_column_counts_even_where_a_sidecar_says_otherwise(root: Path) -> None:
    name_institutions(root, lambda name: f"other{name}")
    assert institutions(root) == COHORT
    path = root / "participants.tsv"
    path.write_text(path.read_text().replace("sub-A1\tA", "sub-A1\tn/a"))
    assert institutions(root) == {**COHORT, "sub-A1": ""}


def test_nobody_says_the_institution(root: Path) -> None:
    without_column(root)
    with pytest.raises(UserError) as caught:
        read_dataset(root)
    assert str(caught.value) == (
        "participants.tsv: column institution is missing and no sidecar of a T1w has an "
        "InstitutionName: add the column, or name it in cohort.bids.institution_column"
    )


def test_a_patient_whose_sidecars_name_no_institution(study: StudyConfig) -> None:
    without_column(study.cohort.dataset)
    name_institutions(study.cohort.dataset, lambda name: name)
    anat(study.cohort.dataset, "sub-A2_T1w.json").write_text("{}")
    index(study)
    assert pd.read_csv(Results(study).exclusions)["reason"].tolist() == [
        "no sidecar of its T1w has an InstitutionName: add it, or a column to participants.tsv"
    ]


def test_two_t1w_of_two_institutions_are_of_none(root: Path) -> None:
    without_column(root)
    name_institutions(root, lambda name: name)
    shutil.copy(anat(root, "sub-A2_T1w.nii.gz"), anat(root, "sub-A2_run-2_T1w.nii.gz"))
    anat(root, "sub-A2_run-2_T1w.json").write_text('{"InstitutionName": "B"}')
    assert institutions(root)["sub-A2"] == ""
    assert institutions(root, run="last")["sub-A2"] == "B"


def test_a_plan_counts_the_column_that_is_read(configure: Configure, root: Path) -> None:
    without_column(root, "site")
    assert counted_size(configure()).counted.get("A") is None
    bids = {"institution_column": "site", "institution_names": {"A": "B", "B": "A"}}
    counted = counted_size(configure(cohort={"bids": bids})).counted
    assert counted == {"A": 3, "B": 3, "C": 3, "D": 1}
