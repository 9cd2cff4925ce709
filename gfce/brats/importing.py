"""`gfce import --brats`: folders as BraTS has them become a BIDS dataset."""

from __future__ import annotations

from pathlib import Path

from gfce.brats.folders import BratsFolder, read_folders
from gfce.brats.partition import read_partition
from gfce.cohort.bids import patient_ids
from gfce.cohort.conversions import check_new, import_patients, report_of
from gfce.cohort.defacing import Defacing
from gfce.cohort.import_plan import ImportPlan
from gfce.cohort.rows import check_files, pending_row
from gfce.errors import UserError, one_line

GENERATOR = "gfce import --brats"
ADVICE = ": see --dry-run, or give --leave-out"


def import_brats(
    folder: Path,
    dataset: Path,
    *,
    partition: Path,
    label: int | None = None,
    leave_out: bool = False,
    dry_run: bool = False,
    defacing: Defacing | None = None,
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
    plan = _plan(folder, folders, beside, institutions, label)
    if not dry_run:
        import_patients(plan, dataset, GENERATOR, leave_out=leave_out, defacing=defacing)
    return report_of(plan, defacing)


def _plan(
    root: Path,
    folders: list[BratsFolder],
    beside: int,
    institutions: dict[str, str],
    label: int | None,
) -> ImportPlan:
    ids = patient_ids(folder.name for folder in folders)
    flair = sum(folder.flair for folder in folders)
    others = beside + sum(folder.others for folder in folders)
    plan = ImportPlan(ADVICE, f"passed over: {flair} FLAIR and {others} other files")
    scans: dict[str, str] = {}
    for folder in folders:
        if problem := _problem(root, folder, institutions):
            plan.refuse(one_line(folder.name), problem)
        elif (taken := scans.setdefault(folder.person, folder.name)) != folder.name:
            plan.refuse(folder.name, f"is of the same patient as {taken}: keep one folder")
        else:
            row = folder.row(institutions[folder.name])
            patient = pending_row(ids[folder.name], row, root, label)
            plan.add(patient, row, one_line(folder.name))
    for name in institutions.keys() - ids.keys():
        missing = "has no folder: add it, or remove the row of the institution table"
        plan.refuse(one_line(name), missing)
    return plan


def _problem(root: Path, folder: BratsFolder, institutions: dict[str, str]) -> str | None:
    """Why a patient cannot be imported, as far as names and sizes of files tell."""
    if folder.name not in institutions:
        return "is not in the institution table: add a row, or remove the folder"
    if folder.problem is not None:
        return folder.problem
    try:
        check_files(folder.row(""), root)
    except UserError as error:
        return str(error)
    return None
