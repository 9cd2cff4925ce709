"""What a BIDS dataset may look like, and what is said of one that looks otherwise."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from cohorts import COHORT, Configure
from dataset_changes import anat, mask

from gfce.cohort import index as indexing
from gfce.cohort.index import index
from gfce.cohort.reading import read_dataset
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.study import Results


def test_the_dataset_may_lie_below_folders_that_look_like_a_patients(
    made: Path, tmp_path: Path
) -> None:
    below = tmp_path / "sub-X" / "ses-9" / "anat" / "ce-y"
    shutil.copytree(made, below / "data")
    assert {patient.problem for patient in read_dataset(below / "data")} == {None}
    assert all(len(patient.files) == 3 for patient in read_dataset(below / "data"))


def test_an_institution_that_is_not_given_or_misspelt(
    study: StudyConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    path = study.cohort.dataset / "participants.tsv"
    rows = path.read_text().replace("sub-A1\tA", "sub-A1\t").replace("sub-B1\tB", "sub-B1\tb")
    path.write_text(rows.replace("sub-C1\tC", "sub-C1\tn/a"))
    index(study)
    table = pd.read_csv(Results(study).exclusions, keep_default_na=False)
    assert table["reason"].tolist() == [
        "participants.tsv names no institution: add it",
        "the study has no role for institution b (did you mean B?)",
        "participants.tsv names no institution: add it",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("", "not JSON in UTF-8"),
        ("[]", "not a JSON object"),
        ('{"DatasetType": "derivative", "GeneratedBy": 3}', None),
        ('{"GeneratedBy": [3, {"Name": [1]}, {}]}', None),
    ],
)
def test_the_description_of_a_dataset_is_not_needed(
    root: Path, caplog: pytest.LogCaptureFixture, content: str | None, said: str | None
) -> None:
    path = root / "dataset_description.json"
    path.unlink() if content is None else path.write_text(content)
    assert len(read_dataset(root)) == len(COHORT)
    line = f"warning: dataset_description.json: {said}: BIDS asks for it, a study does not"
    assert caplog.messages == ([line] if said else [])


def test_nobody_of_the_studys_institutions(root: Path, configure: Configure) -> None:
    config = configure(cohort={"development": ["North", "South"], "external": []})
    with pytest.raises(UserError) as caught:
        index(config)
    assert str(caught.value) == (
        "participants.tsv: nobody is of the study's institutions, but of A, B, C, D: correct "
        "cohort.development and cohort.external"
    )


def test_what_is_not_read_is_said(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("sub-Z1", "sub-Y"):
        (root / name).mkdir()
    mask(root, "sub-A2_mask.nii.gz")
    mask(root, "sub-A2_label-brain_mask.nii.gz")
    assert len(read_dataset(root)) == len(COHORT)
    assert caplog.messages == [
        "warning: not read: sub-Y and 1 more: not in participants.tsv",
        "warning: not read: derivatives/masks/sub-A2/anat/sub-A2_label-brain_mask.nii.gz and 1 "
        "more: a tumour mask is called ..._label-tumour_mask.nii.gz",
    ]


def test_no_message_holds_a_path_of_this_machine(
    study: StudyConfig, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(study.cohort.dataset / "sub-A2")
    (study.cohort.dataset / "dataset_description.json").unlink()
    anat(study.cohort.dataset, "sub-B2_T1w.json", "sub-B2/anat").write_text("{")
    index(study)
    said = caplog.text + capsys.readouterr().err + Results(study).exclusions.read_text()
    assert "sub-A2" in said
    assert "sub-B2_T1w.json" in said
    assert str(study.cohort.dataset) not in said


def test_a_dataset_in_order_is_read_without_a_word(study: StudyConfig, tmp_path: Path) -> None:
    """Nor do libraries speak of where they lie, which logs would pass on."""
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(study.model_dump(mode="json")))
    command = [sys.executable, "-m", "gfce.cli", "index", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout + answer.stderr == ""


def dies(patient: object, config: StudyConfig) -> None:
    os._exit(9)


def test_a_worker_that_is_killed_is_one_line(
    study: StudyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_examine_one", dies)
    with pytest.raises(UserError) as caught:
        index(study, workers=2)
    assert str(caught.value) == (
        "sub-A1 or a patient after it: its process was killed, as happens when memory runs out: "
        "give fewer --workers or more memory"
    )
