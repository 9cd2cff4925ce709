"""`gfce import --dicom`: a tree of DICOM files becomes a BIDS dataset under pseudonyms."""

from __future__ import annotations

import sys
from pathlib import Path

from gfce.cohort.bids import Patient, write_dataset, write_patient
from gfce.dicom.choices import Choices, read_choices
from gfce.dicom.choosing import StudyPolicy, choose_series, choose_study
from gfce.dicom.converting import convert
from gfce.dicom.institutions import Institutions
from gfce.dicom.patients import DicomPatient, group
from gfce.dicom.pseudonyms import Pseudonyms, read_key, write_links
from gfce.dicom.report import PatientPlan, grid_notes, report_text
from gfce.dicom.rules import Rules, read_rules
from gfce.dicom.sidecars import sidecar
from gfce.dicom.tree import Tree, read_tree
from gfce.errors import UserError
from gfce.files import new_folder, write_text
from gfce.progress import progress

GENERATOR = "gfce import --dicom"
REPORT = Path("code", "gfce-import.txt")
"""The report, in the dataset."""


def import_dicom(
    folder: Path,
    dataset: Path,
    *,
    key: Path,
    institution: Institutions,
    rules: Path | None = None,
    choices: Path | None = None,
    study: StudyPolicy = "only",
    leave_out: bool = False,
    dry_run: bool = False,
) -> str:
    """Write the patients of a DICOM tree as a BIDS dataset, all of them or nothing.

    Series are chosen by the rule table `rules` (None: that of the package) and, where it cannot
    decide, by the table `choices`. Of an image voxels and geometry are kept, of a header the fields
    that `gfce.dicom.sidecars` allows. Patients are named by pseudonyms, which are made with `key`;
    beside it lies the table that leads back. A patient whose series are incomplete or ambiguous is
    an error, or with `leave_out` is left out and named on standard error.

    Returns:
        The report: for each patient which series became what, by which rule, and what was left.
        With `dry_run` nothing else is done but that the key and its table are written.

    Raises:
        UserError: a table or the key cannot be used, the dataset exists already, or a patient
            cannot be imported.
    """
    table, chosen = read_rules(rules), read_choices(choices)
    if dataset.exists() and (not dataset.is_dir() or any(dataset.iterdir())):
        raise UserError(f"{dataset.name}: is not empty: name a new folder")
    pseudonyms = Pseudonyms(read_key(key, dataset))
    tree = read_tree(folder)
    patients = group(tree, folder, institution, pseudonyms)
    write_links(key, {patient.pseudonym: patient.link for patient in patients})
    _check_choices(chosen, patients)
    plans = [_plan(patient, table, chosen, study, tree) for patient in patients]
    if not dry_run:
        _check_plans(plans, leave_out)
        _write(tree, plans, dataset, leave_out)
    return report_text(tree, plans)


def _check_choices(choices: Choices, patients: list[DicomPatient]) -> None:
    series = {
        patient.pseudonym: {stack.code for study in patient.studies for stack in study.stacks}
        for patient in patients
    }
    for name, taken in choices.items():
        if name not in series:
            raise UserError("a patient of the choices is not in the folder: correct the table")
        if taken.keys() - series[name]:
            raise UserError(
                f"{name}: a series of the choices is not in the folder: correct the table"
            )


def _plan(
    patient: DicomPatient, rules: Rules, choices: Choices, policy: StudyPolicy, tree: Tree
) -> PatientPlan:
    by_hand = choices.get(patient.pseudonym, {})
    studies = [
        choose_series(study.number, study.days, study.stacks, rules, by_hand)
        for study in patient.studies
    ]
    study, problem = choose_study(studies, policy)
    notes = _notes_of_broken_files(patient, tree)
    if study is not None:
        notes += [*study.notes, *grid_notes(study)]
    problem = patient.problem or problem
    return PatientPlan(patient, studies, None if problem else study, problem, notes)


def _notes_of_broken_files(patient: DicomPatient, tree: Tree) -> list[str]:
    folders = {
        header.path.parent
        for study in patient.studies
        for stack in study.stacks
        for header in stack.headers
    }
    broken = sum(tree.broken[folder] for folder in folders)
    return [f"{broken} broken files lie beside its files: slices may be missing"] if broken else []


def _check_plans(plans: list[PatientPlan], leave_out: bool) -> None:
    unusable = [plan for plan in plans if plan.problem]
    if unusable and not leave_out:
        more = f" (and {len(unusable) - 1} more patients)" if unusable[1:] else ""
        raise UserError(
            f"{unusable[0].message}{more}: see --dry-run; choose with --rules or --choices, or "
            "--leave-out"
        )


def _write(tree: Tree, plans: list[PatientPlan], dataset: Path, leave_out: bool) -> None:
    with new_folder(dataset.resolve()) as root:
        for plan in progress([plan for plan in plans if not plan.problem], "import"):
            try:
                patient = _convert(plan, root)
            except UserError as error:
                plan.problem = str(error)
                _check_plans([plan], leave_out)
                continue
            write_patient(root, patient)
        institutions = {
            plan.pseudonym: plan.patient.institution for plan in plans if not plan.problem
        }
        if not institutions:
            raise UserError("no patient can be imported: see --dry-run")
        write_dataset(root, dataset.resolve().name, institutions, GENERATOR)
        write_text(report_text(tree, plans), root / REPORT)
    for plan in plans:
        if plan.problem:
            print(f"gfce: left out {plan.message}", file=sys.stderr)


def _convert(plan: PatientPlan, root: Path) -> Patient:
    """Read a patient's images.

    Raises:
        UserError: a series cannot be converted; the message names it.
    """
    study = plan.study
    assert study is not None
    images, sidecars = {}, {}
    days = study.days if len(plan.studies) > 1 else None
    for modality, verdict in study.chosen.items():
        try:
            images[modality] = convert(verdict.stack, root)
        except UserError as error:
            raise UserError(f"{verdict.outcome}: {verdict.series}: {error}") from None
        sidecars[modality] = sidecar(verdict, plan.patient.institution, days)
    return Patient(plan.pseudonym, plan.patient.institution, images, sidecars)
