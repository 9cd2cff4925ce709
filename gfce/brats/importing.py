"""`gfce import --brats`: folders as BraTS has them become a BIDS dataset."""

from __future__ import annotations

import sys
from pathlib import Path

from gfce.brats.folders import BratsFolder, read_folders
from gfce.brats.partition import read_partition
from gfce.brats.plan import BratsPlan
from gfce.cohort.bids import patient_ids, write_dataset
from gfce.cohort.importing import check_files, check_new, write_patients
from gfce.errors import UserError
from gfce.files import new_folder, write_text

GENERATOR = "gfce import --brats"
REPORT = Path("code", "gfce-import.txt")
"""The report, in the dataset."""


def import_brats(
    folder: Path,
    dataset: Path,
    *,
    partition: Path,
    label: int | None = None,
    leave_out: bool = False,
    dry_run: bool = False,
) -> str:
    """Write the patients of a folder of BraTS as a BIDS dataset, all of them or nothing.

    `folder` holds a folder for each patient, `partition` is the table of their institutions.
    Files are told by their names (`gfce.brats.folders`). Voxels stay as they are, except in masks
    with `label`, which become 0 and 1. A patient who cannot be imported is an error, or with
    `leave_out` is left out and named on standard error.

    Returns:
        The report: patients by institution, and who cannot be imported, with the reason. With
        `dry_run` nothing is written and no voxel is read.

    Raises:
        UserError: the folder or the table cannot be used, the dataset exists already, or a patient
            cannot be imported.
    """
    institutions = read_partition(partition)
    check_new(dataset)
    folders, beside = read_folders(folder)
    plan = _plan(folder, folders, beside, institutions)
    if not dry_run:
        if not leave_out:
            plan.refuse_problems()
        _write(plan, folder, dataset, label, leave_out)
    return plan.report()


def _plan(
    root: Path, folders: list[BratsFolder], beside: int, institutions: dict[str, str]
) -> BratsPlan:
    ids = patient_ids(folder.name for folder in folders)
    plan = BratsPlan(
        flair=sum(folder.flair for folder in folders),
        others=beside + sum(folder.others for folder in folders),
    )
    scans: dict[str, str] = {}
    for folder in folders:
        if problem := _problem(root, folder, institutions):
            plan.problems[folder.name] = problem
        elif (taken := scans.setdefault(folder.person, folder.name)) != folder.name:
            plan.problems[folder.name] = f"is of the same patient as {taken}: keep one folder"
        else:
            plan.patients[ids[folder.name]] = folder.row(institutions[folder.name])
    for name in institutions.keys() - ids.keys():
        plan.problems[name] = "has no folder: add it, or remove the row of the institution table"
    return plan


def _problem(root: Path, folder: BratsFolder, institutions: dict[str, str]) -> str | None:
    """Why a patient cannot be imported, as far as names and sizes of files tell."""
    if folder.name not in institutions:
        return "is not in the institution table: add a row, or remove the folder"
    if folder.problem is not None:
        return folder.problem
    try:
        check_files(folder.name, folder.row(""), root)
    except UserError as error:
        return str(error).removeprefix(f"{folder.name}: ")
    return None


def _write(
    plan: BratsPlan, folder: Path, dataset: Path, label: int | None, leave_out: bool
) -> None:
    def refuse(patient_id: str, error: UserError) -> None:
        if not leave_out:
            raise error
        plan.leave_out(patient_id, str(error).removeprefix(f"{patient_id}: "))

    with new_folder(dataset.resolve()) as root:
        patients = list(plan.patients.items())
        written = write_patients(root, patients, folder, label, refuse)
        if not written:
            raise UserError("no patient can be imported: see --dry-run")
        write_dataset(root, dataset.resolve().name, written, GENERATOR)
        write_text(plan.report(), root / REPORT)
    for line in plan.problem_lines():
        print(f"gfce: left out {line}", file=sys.stderr)
