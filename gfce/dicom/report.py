"""The report of an import: for each patient which series became what, and why; nothing personal."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gfce.cohort.conversions import Pending
from gfce.dicom.choosing import SHOWN, StudyChoice, verdict_line
from gfce.dicom.files import REASONS
from gfce.dicom.patients import DicomPatient
from gfce.dicom.tree import Tree

SAME_GRID_MM = 0.01
"""As `gfce index` asks for."""


@dataclass
class PatientPlan:
    """What is to become of a patient."""

    patient: DicomPatient
    studies: list[StudyChoice]
    study: StudyChoice | None
    """The study that is taken."""
    problem: str | None
    """Why the patient cannot be used (None: it can)."""
    notes: list[str] = field(default_factory=list)

    @property
    def pseudonym(self) -> str:
        """The patient's name."""
        return self.patient.pseudonym

    @property
    def message(self) -> str:
        """The problem in one line."""
        return f"{self.pseudonym}: {self.problem}"


@dataclass
class TreePlan:
    """What is to become of the patients of a tree."""

    tree: Tree
    patients: list[PatientPlan]
    by_pseudonym: dict[str, Pending]
    """Those who are to be imported."""
    advice: str = ": see --dry-run; choose with --rules or --choices, or --leave-out"

    @property
    def pending(self) -> list[Pending]:
        """Those who are to be imported."""
        return list(self.by_pseudonym.values())

    def leave_out(self, patient_id: str, problem: str) -> None:
        """Move a patient to those who cannot be imported."""
        [plan] = [plan for plan in self.patients if plan.pseudonym == patient_id]
        plan.problem = problem
        del self.by_pseudonym[patient_id]

    def problem_lines(self) -> list[str]:
        """A line for each of those."""
        return [plan.message for plan in self.patients if plan.problem]

    def report(self) -> str:
        """The whole report: for each patient which series became what, and why."""
        usable = sum(plan.problem is None for plan in self.patients)
        count = len(self.patients)
        lines = [f"{count} patients: {usable} can be imported, {count - usable} cannot"]
        lines += _files(self.tree)
        for plan in self.patients:
            lines += ["", *_patient(plan)]
        return "\n".join(lines) + "\n"


def grid_notes(study: StudyChoice) -> list[str]:
    """Which of the chosen series lie on another grid than T1w: a study needs one grid."""
    t1w = study.chosen["t1w"].stack
    return [
        f"{SHOWN[modality]} lies on another grid than T1w: register and resample it before a study"
        for modality, verdict in study.chosen.items()
        if len(verdict.stack.frames) != len(t1w.frames)
        or (verdict.stack.first.rows, verdict.stack.first.columns)
        != (t1w.first.rows, t1w.first.columns)
        or np.abs(verdict.stack.corners - t1w.corners).max() > SAME_GRID_MM
    ]


def _files(tree: Tree) -> list[str]:
    cut = sum(not header.whole for header in tree.headers)
    lines = [f"{tree.files} files: {len(tree.headers)} with MR images"]
    lines += [
        f"  {count} {what}"
        for what, count in (
            ("cut short: their series cannot be used", cut),
            ("copies of one of these (same SOP Instance UID), not taken twice", tree.copies),
            *((reason, tree.counts[reason]) for reason in REASONS),
        )
        if count
    ]
    return lines


def _patient(plan: PatientPlan) -> list[str]:
    institution = plan.patient.institution or "institution unknown"
    lines = [f"{plan.pseudonym} ({institution}):"]
    for study in plan.studies:
        interval = f", {study.days} days after the first" if study.days else ""
        taken = ", taken" if study is plan.study and len(plan.studies) > 1 else ""
        lines.append(f"  study {study.number}{interval}{taken}")
        lines += [f"    {verdict_line(verdict)}" for verdict in study.verdicts]
    lines += [f"  note: {note}" for note in [*plan.patient.notes, *plan.notes]]
    lines.append(f"  cannot be imported: {plan.problem}" if plan.problem else "  can be imported")
    return lines
