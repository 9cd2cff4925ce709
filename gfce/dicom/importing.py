"""`gfce import --dicom`: a tree of DICOM files becomes a BIDS dataset under pseudonyms."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from gfce.cohort.bids import Patient
from gfce.cohort.conversions import Pending, check_new, import_patients, report_of, states
from gfce.cohort.defacing import Defacing
from gfce.dicom.choices import Choices, read_choices
from gfce.dicom.choosing import StudyPolicy, choose_series, choose_study
from gfce.dicom.converting import convert
from gfce.dicom.institutions import Institutions
from gfce.dicom.patients import DicomPatient, group
from gfce.dicom.pseudonyms import Pseudonyms, read_key, write_links
from gfce.dicom.report import PatientPlan, TreePlan, grid_notes
from gfce.dicom.rules import Rules, read_rules
from gfce.dicom.sidecars import sidecar
from gfce.dicom.tree import Tree, read_tree
from gfce.errors import UserError

GENERATOR = "gfce import --dicom"


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
    defacing: Defacing | None = None,
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
    check_new(dataset)
    pseudonyms = Pseudonyms(read_key(key, dataset))
    tree = read_tree(folder)
    patients = group(tree, folder, institution, pseudonyms)
    write_links(key, {patient.pseudonym: patient.link for patient in patients})
    _check_choices(chosen, patients)
    plans = [_plan(patient, table, chosen, study, tree) for patient in patients]
    pending = {plan.pseudonym: _pending(plan) for plan in plans if not plan.problem}
    plan = TreePlan(tree, plans, pending)
    if not dry_run:
        import_patients(plan, dataset, GENERATOR, leave_out=leave_out, defacing=defacing)
    return report_of(plan, defacing)


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


def _pending(plan: PatientPlan) -> Pending:
    """A patient whose series have been chosen."""
    assert plan.study is not None
    institution = plan.patient.institution
    days = plan.study.days if len(plan.studies) > 1 else None
    sidecars = {
        modality: sidecar(verdict, institution, days)
        for modality, verdict in plan.study.chosen.items()
    }
    made_of = [
        [modality, sidecars[modality], states(header.path for header in verdict.stack.headers)]
        for modality, verdict in plan.study.chosen.items()
    ]
    return Pending(plan.pseudonym, institution, made_of, partial(_convert, plan, sidecars))


def _convert(
    plan: PatientPlan, sidecars: Mapping[str, Mapping[str, object]], scratch: Path
) -> Patient:
    """Read a patient's images.

    Raises:
        UserError: a series cannot be converted; the message names it.
    """
    assert plan.study is not None
    images = {}
    for modality, verdict in plan.study.chosen.items():
        try:
            images[modality] = convert(verdict.stack, scratch)
        except UserError as error:
            raise UserError(f"{verdict.outcome}: {verdict.series}: {error}") from None
    return Patient(plan.pseudonym, plan.patient.institution, images, sidecars)
