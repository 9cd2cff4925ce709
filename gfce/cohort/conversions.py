"""Patients who are imported: each is kept once converted, and the dataset appears with the last.

Beside the dataset a hidden folder holds what was converted, so that an import that was stopped, or
whose table was mended, goes on where it was. It is removed when the dataset is there.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol

from gfce.cohort.bids import Patient, write_dataset, write_masks_description, write_patient
from gfce.cohort.defacing import Defacing
from gfce.cohort.layout import MASKS
from gfce.errors import UserError
from gfce.files import new_folder, write_text
from gfce.progress import progress
from gfce.provenance.code import digest, hashes

REPORT = Path("code", "gfce-import.txt")
"""The report, in the dataset."""
IMPORTERS = ("gfce.cohort.importing", "gfce.brats.importing", "gfce.dicom.importing")


@dataclass(frozen=True)
class Pending:
    """A patient to be imported."""

    patient_id: str
    institution: str
    made_of: object
    """What the patient's files follow from, as JSON."""
    read: Callable[[Path], Patient]
    """Reads the images, with temporary files below a folder; raises UserError."""

    @property
    def key(self) -> str:
        """A name that is another if the patient's files would be."""
        return f"{self.patient_id}-{digest([_code(), self.institution, self.made_of])}"


def states(paths: Iterable[Path]) -> list[tuple[str, int, int]]:
    """Paths, sizes and times of the files that are there: others, if one is another.

    Paths may name people: what is made of this is only hashed.
    """
    found = []
    for path in paths:
        try:
            status = path.stat()
        except (OSError, ValueError):
            continue  # whoever reads it says so
        found.append((str(path.absolute()), status.st_size, status.st_mtime_ns))
    return found


class Plan(Protocol):
    """Who is to be imported, who cannot be and why."""

    @property
    def pending(self) -> list[Pending]:
        """Those who are to be imported."""

    @property
    def advice(self) -> str:
        """What to do about those who cannot be, to stand behind a message."""

    def leave_out(self, patient_id: str, problem: str) -> None:
        """Move a patient to those who cannot be imported."""

    def problem_lines(self) -> list[str]:
        """A line for each of those."""

    def report(self) -> str:
        """Who is imported and who is not, for people."""


class Conversions:
    """The patients of a dataset to be who have been converted, each in a folder of its own."""

    def __init__(self, dataset: Path, defacing: Defacing | None = None) -> None:
        final = dataset.resolve()
        self.defacing = defacing
        self.folder = final.with_name(f".{final.name}.gfce-import")

    def has(self, patient: Pending) -> bool:
        """Whether a patient was converted from what is there now."""
        return self.of(patient).is_dir()

    def of(self, patient: Pending) -> Path:
        """Where a patient's files lie as they will in the dataset."""
        return self.folder / self.key(patient)

    def key(self, patient: Pending) -> str:
        """A name that is another if the patient's files would be."""
        if self.defacing is None:
            return patient.key
        program = [self.defacing.command, states(self.defacing.files)]
        return replace(patient, made_of=[patient.made_of, program]).key

    def add(self, patient: Pending) -> None:
        """Convert a patient.

        Raises:
            UserError: the patient cannot be read, or the face cannot be removed.
        """
        content = patient.read(self.folder)
        if self.defacing is not None:
            content = self.defacing.apply(content, self.folder)
        with new_folder(self.of(patient)) as root:
            write_patient(root, content)

    @contextmanager
    def alone(self, patients: Iterable[Pending]) -> Iterator[None]:
        """Keep other imports of the dataset out, and only the conversions of these patients.

        Without a conversion the folder is removed at the end.

        Raises:
            UserError: another import is at work.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.folder, os.O_RDONLY)
        try:
            _lock(lock)
            keys = {self.key(patient) for patient in patients}
            for path in self.folder.iterdir():
                if path.name not in keys:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            yield
        finally:
            os.close(lock)
            if self.folder.is_dir() and not any(self.folder.iterdir()):
                self.folder.rmdir()


def _lock(folder: int) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError("another gfce import writes this dataset: wait for it") from None
    except OSError:  # a file system without locks
        pass


@cache
def _code() -> str:
    """The code that makes a patient's files: conversions of other code are not taken."""
    return digest(hashes(*IMPORTERS))


def check_new(dataset: Path) -> None:
    """Refuse to write a dataset where something is.

    Raises:
        UserError: it is a file, or a folder that is not empty.
    """
    if dataset.exists() and (not dataset.is_dir() or any(dataset.iterdir())):
        raise UserError(f"{dataset.name}: is not empty: name a new folder")


def report_of(plan: Plan, defacing: Defacing | None) -> str:
    """The whole report of an import."""
    return plan.report() + ("" if defacing is None else f"{defacing.method}\n")


def import_patients(
    plan: Plan,
    dataset: Path,
    generator: str,
    *,
    leave_out: bool,
    defacing: Defacing | None = None,
) -> None:
    """Convert the patients of a plan and write the dataset, all of them or nothing.

    Patients who were converted by an earlier try are taken from it. Those who cannot be imported
    are an error, or with `leave_out` are left out and named on standard error. `generator` is the
    command.

    Raises:
        UserError: a patient cannot be imported (all of them are named), or nobody can.
    """
    _refuse_problems(plan, leave_out)
    conversions = Conversions(dataset, defacing)
    with conversions.alone(plan.pending):
        for patient in progress(plan.pending, "import"):
            try:
                if not conversions.has(patient):
                    conversions.add(patient)
            except UserError as error:
                plan.leave_out(patient.patient_id, str(error))
        if plan.problem_lines() and not leave_out and plan.pending:
            kept = f"{len(plan.pending)} patients are converted and kept for the next try"
            print(f"gfce: {kept}, in {conversions.folder.name}", file=sys.stderr)
        _refuse_problems(plan, leave_out)
        if not plan.pending:
            raise UserError("no patient can be imported: see --dry-run")
        _write(plan, conversions, dataset, generator)
        shutil.rmtree(conversions.folder)
    for line in plan.problem_lines():
        print(f"gfce: left out {line}", file=sys.stderr)


def _refuse_problems(plan: Plan, leave_out: bool) -> None:
    """Refuse a plan that leaves anybody out, unless that is wanted."""
    lines = plan.problem_lines()
    if not lines or leave_out:
        return
    if len(lines) == 1:
        raise UserError(f"{lines[0]}{plan.advice}")
    for line in lines:
        print(f"gfce: cannot import {line}", file=sys.stderr)
    raise UserError(f"{len(lines)} patients cannot be imported (they are named above){plan.advice}")


def _write(plan: Plan, conversions: Conversions, dataset: Path, generator: str) -> None:
    institutions = {patient.patient_id: patient.institution for patient in plan.pending}
    with new_folder(dataset.resolve()) as root:
        for patient in plan.pending:
            # Links take no time and no room, and an import that is stopped here loses nothing.
            shutil.copytree(conversions.of(patient), root, copy_function=_link, dirs_exist_ok=True)
        if (root / MASKS).is_dir():
            write_masks_description(root)
        write_dataset(root, dataset.resolve().name, institutions, generator)
        write_text(report_of(plan, conversions.defacing), root / REPORT)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copy2(source, target)
