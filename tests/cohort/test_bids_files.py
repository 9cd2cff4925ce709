"""Which files of a patient a BIDS dataset may have, and what is said of others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from cohorts import COHORT, image
from dataset_changes import anat, mask, move

from gfce.cohort.index import index
from gfce.cohort.layout import MASKS
from gfce.config import StudyConfig
from gfce.images.writing import write_image
from gfce.study import Results


def no_folder(root: Path) -> None:
    shutil.rmtree(root / "sub-A2")


def a_file_for_a_folder(root: Path) -> None:
    shutil.rmtree(root / "sub-A2")
    (root / "sub-A2").touch()


def two_sessions(root: Path) -> None:
    for session in "12":
        shutil.copytree(root / "sub-A2" / "anat", root / "sub-A2" / f"ses-{session}" / "anat")
    shutil.rmtree(root / "sub-A2" / "anat")


def modalities_of_two_sessions(root: Path) -> None:
    move(root, "sub-A2_T2w.nii.gz", "sub-A2_ses-2_T2w.nii.gz", "sub-A2/ses-2/anat")


def two_runs(root: Path) -> None:
    shutil.copy(anat(root, "sub-A2_T2w.nii.gz"), anat(root, "sub-A2_run-2_T2w.nii.gz"))


def compressed_and_not(root: Path) -> None:
    write_image(image(0), anat(root, "sub-A2_T2w.nii"))


def of_another_patient(root: Path) -> None:
    move(root, "sub-A2_T2w.nii.gz", "sub-A1_T2w.nii.gz")


def of_a_longer_id(root: Path) -> None:
    move(root, "sub-A2_T2w.nii.gz", "sub-A22_T2w.nii.gz")


def lower_case(root: Path) -> None:
    move(root, "sub-A2_T2w.nii.gz", "sub-A2_t2w.nii.gz")


def another_format(root: Path) -> None:
    move(root, "sub-A2_T2w.nii.gz", "sub-A2_T2w.nrrd")


def an_odd_name(root: Path) -> None:
    move(root, "sub-A2_T2w.nii.gz", "sub-A2_acq-fünf_T2w.nii.gz")


def a_line_break(root: Path) -> None:
    move(root, "sub-A2_T2w.nii.gz", "sub-A2_a\nb_T2w.nii.gz")


def no_utf8(root: Path) -> None:
    move(root, "sub-A2_T2w.nii.gz", os.fsdecode(b"sub-A2_\xff_T2w.nii.gz"))


def not_in_anat(root: Path) -> None:
    move(root, "sub-A2_T2w.nii.gz", "sub-A2_T2w.nii.gz", "sub-A2")


def two_masks(root: Path) -> None:
    mask(root, "sub-A2_label-tumour_mask.nii.gz")
    mask(root, "sub-A2_label-tumor_mask.nii")


def mask_twice(root: Path) -> None:
    mask(root, "sub-A2_label-tumour_mask.nii.gz")
    mask(root, "sub-A2_label-tumour_mask.nii.gz", "sub-A2")


def mask_of_another_patient(root: Path) -> None:
    mask(root, "sub-A1_label-tumour_mask.nii.gz")


def mask_of_another_session(root: Path) -> None:
    mask(root, "sub-A2_ses-2_label-tumour_mask.nii.gz")


REASONS: list[tuple[Callable[[Path], None], str]] = [
    (no_folder, "no folder in the dataset: add it or leave the patient out"),
    (a_file_for_a_folder, "no folder in the dataset: add it or leave the patient out"),
    (
        two_sessions,
        "2 sessions have t1w, t2w and ce (1, 2): choose one by cohort.bids.session, or keep one",
    ),
    (
        modalities_of_two_sessions,
        "no session has t1w, t2w and ce (2: t2w; without a name: t1w, ce): complete one",
    ),
    (
        two_runs,
        "2 t2w volumes (sub-A2_T2w.nii.gz, sub-A2_run-2_T2w.nii.gz): choose one by "
        "cohort.bids.run, or keep one",
    ),
    (compressed_and_not, "2 t2w volumes (sub-A2_T2w.nii, sub-A2_T2w.nii.gz): keep one"),
    (
        of_another_patient,
        "sub-A1_T2w.nii.gz is not named sub-A2_... in plain letters: rename or move it",
    ),
    (
        of_a_longer_id,
        "sub-A22_T2w.nii.gz is not named sub-A2_... in plain letters: rename or move it",
    ),
    (lower_case, "no t2w volume: add it or leave the patient out"),
    (another_format, "no t2w volume: add it or leave the patient out"),
    (not_in_anat, "no t2w volume: add it or leave the patient out"),
    (
        an_odd_name,
        "sub-A2_acq-fünf_T2w.nii.gz is not named sub-A2_... in plain letters: rename or move it",
    ),
    (
        a_line_break,
        "sub-A2_a?b_T2w.nii.gz is not named sub-A2_... in plain letters: rename or move it",
    ),
    (no_utf8, "sub-A2_?_T2w.nii.gz is not named sub-A2_... in plain letters: rename or move it"),
    (
        two_masks,
        "2 tumour masks (sub-A2_label-tumor_mask.nii, sub-A2_label-tumour_mask.nii.gz): keep one",
    ),
    (
        mask_twice,
        "2 tumour masks (sub-A2_label-tumour_mask.nii.gz, "
        "sub-A2_label-tumour_mask.nii.gz): keep one",
    ),
    (
        mask_of_another_patient,
        "sub-A1_label-tumour_mask.nii.gz is not named sub-A2_... in plain "
        "letters: rename or move it",
    ),
    (mask_of_another_session, "a tumour mask of session 2, but no volume: correct its name"),
]


@pytest.mark.parametrize(("change", "reason"), REASONS, ids=[case[0].__name__ for case in REASONS])
def test_a_patient_whose_files_are_not_clear_is_excluded(
    study: StudyConfig, change: Callable[[Path], None], reason: str
) -> None:
    change(study.cohort.dataset)
    index(study)
    table = pd.read_csv(Results(study).exclusions)
    assert table["reason"].tolist() == [f"sub-A2: {reason}"]
    assert set(pd.read_csv(Results(study).patients)["patient_id"]) == COHORT.keys() - {"sub-A2"}


def one_session(root: Path) -> None:
    two_sessions(root)
    shutil.rmtree(root / "sub-A2" / "ses-2")


def one_run(root: Path) -> None:
    move(root, "sub-A2_T2w.nii.gz", "sub-A2_run-3_T2w.nii.gz")


def an_acquisition(root: Path) -> None:
    move(root, "sub-A2_T1w.nii.gz", "sub-A2_acq-mprage_T1w.nii.gz")


def another_agent(root: Path) -> None:
    move(root, "sub-A2_ce-gadolinium_T1w.nii.gz", "sub-A2_ce-dotarem_T1w.nii.gz")


def other_images(root: Path) -> None:
    for name in ("sub-A2_FLAIR.nii.gz", "notes.txt", "._sub-A2_T2w.nii.gz", ".DS_Store"):
        anat(root, name).touch()
    anat(root, "sub-A2_ce-gadolinium_T2w.nii.gz").touch()


def a_link(root: Path) -> None:
    (root / "sub-A2").rename(root.parent / "elsewhere")
    (root / "sub-A2").symlink_to(root.parent / "elsewhere")


def no_description_of_masks(root: Path) -> None:
    mask(root, "sub-A2_label-tumour_mask.nii.gz")


def american(root: Path) -> None:
    mask(root, "sub-A2_label-tumor_mask.nii.gz")


def plain_mask(root: Path) -> None:
    mask(root, "sub-A2_label-tumour_mask.nii")


def described_mask(root: Path) -> None:
    mask(root, "sub-A2_label-tumour_desc-manual_mask.nii.gz")


def hidden_mask(root: Path) -> None:
    mask(root, "sub-A2_label-tumour_mask.nii.gz")
    anat(root / MASKS, "._sub-A2_label-tumour_mask.nii.gz").touch()


def uncompressed(root: Path) -> None:
    anat(root, "sub-A2_T2w.nii.gz").unlink()
    write_image(image(0), anat(root, "sub-A2_T2w.nii"))


def another_layout(root: Path) -> None:
    (root / "layout_config.json").write_text("{")
    (root / "sub-A2" / "layout_config.json").write_text("{")


ACCEPTED = [
    *(one_session, one_run, an_acquisition, another_agent, other_images, a_link, uncompressed),
    *(no_description_of_masks, american, plain_mask, described_mask, hidden_mask, another_layout),
]


@pytest.mark.parametrize("change", ACCEPTED, ids=lambda change: change.__name__)
def test_what_is_accepted_without_a_word(
    study: StudyConfig, caplog: pytest.LogCaptureFixture, change: Callable[[Path], None]
) -> None:
    change(study.cohort.dataset)
    index(study)
    table = pd.read_csv(Results(study).patients, index_col="patient_id")
    assert list(table.index) == sorted(COHORT)
    assert table["tumour"].notna().sum() == ("mask" in change.__name__ or change is american)
    assert caplog.messages == []
