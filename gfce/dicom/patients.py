"""Files grouped by patient, study and series, under pseudonyms."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gfce.dicom.headers import Header
from gfce.dicom.institutions import SHOWN_SOURCE, Institutions
from gfce.dicom.pseudonyms import Pseudonyms
from gfce.dicom.stacks import Stack, find_problem, split
from gfce.dicom.tree import Tree
from gfce.errors import UserError


@dataclass(frozen=True)
class Study:
    """What was acquired in one session."""

    number: int
    days: int | None
    """Since the patient's first study (None: a date is missing)."""
    stacks: tuple[Stack, ...]


@dataclass
class DicomPatient:
    """A patient of a tree."""

    pseudonym: str
    institution: str
    link: tuple[str, str, str] = field(repr=False)
    """Institution, issuer and PatientID: for the table beside the key."""
    studies: tuple[Study, ...]
    problem: str | None
    """Why the patient cannot be used, whatever the series are."""
    notes: list[str] = field(default_factory=list)


def group(
    tree: Tree, folder: Path, institutions: Institutions, pseudonyms: Pseudonyms
) -> list[DicomPatient]:
    """The patients of a tree, in order of their pseudonyms."""
    by_patient: dict[tuple[str, str, str], list[Header]] = {}
    problems: dict[tuple[str, str, str], str] = {}
    for header in tree.headers:
        identity, institution, problem = header.identity, "", None
        try:
            institution = institutions.of(header, folder)
        except UserError as error:
            problem = str(error)
        link = (institution, identity.issuer, identity.patient_id)
        by_patient.setdefault(link, []).append(header)
        if problem:
            problems[link] = problem
    patients = [
        _patient(link, headers, problems.get(link), tree, pseudonyms)
        for link, headers in by_patient.items()
    ]
    _check_names(patients)
    names = {
        patient.pseudonym: frozenset[str]().union(
            *(header.identity.names for header in by_patient[patient.link])
        )
        for patient in patients
    }
    _check_institutions(patients, names, institutions)
    _check_shared_ids(patients, by_patient)
    return sorted(patients, key=lambda patient: patient.pseudonym)


def _check_institutions(
    patients: list[DicomPatient], names: Mapping[str, frozenset[str]], institutions: Institutions
) -> None:
    """Refuse institutions that seem to be patients: each has one patient, or a patient's name.

    `names` are parts of the names and ids of each patient.
    """
    if not institutions.may_name_patients:
        return
    sizes = Counter(patient.institution for patient in patients)
    source = SHOWN_SOURCE[institutions.source]
    if len(patients) > 2 and max(sizes.values()) == 1:
        raise UserError(
            f"{source} is another for each patient, so it may name patients and not institutions: "
            "name another source or give --institution-table"
        )
    for patient in patients:
        words = set(re.split(r"[^a-z0-9]+", patient.institution.casefold()))
        if sizes[patient.institution] == 1 and words & names[patient.pseudonym]:
            # The institution's name is a patient's: no message may hold it.
            patient.institution = ""
            patient.problem = f"{source} holds a name or id of the patient: name another source"


def _patient(
    link: tuple[str, str, str],
    headers: list[Header],
    problem: str | None,
    tree: Tree,
    pseudonyms: Pseudonyms,
) -> DicomPatient:
    return DicomPatient(
        pseudonyms.patient(*link),
        link[0],
        link,
        _studies(headers, tree, pseudonyms),
        problem or _problem_of_identity(headers),
    )


def _problem_of_identity(headers: list[Header]) -> str | None:
    for what, name in (("birth dates", "birth_date"), ("sexes", "sex")):
        values = {getattr(header.identity, name) for header in headers} - {""}
        if len(values) > 1:
            return f"one PatientID with {len(values)} {what}: these are several people"
    return None


def _studies(headers: list[Header], tree: Tree, pseudonyms: Pseudonyms) -> tuple[Study, ...]:
    by_study: dict[str, list[Header]] = {}
    for header in headers:
        by_study.setdefault(header.study_uid, []).append(header)
    days = {uid: files[0].identity.study_day for uid, files in by_study.items()}
    # Studies without a date come last, in an order that says nothing.
    order = sorted(by_study, key=lambda uid: (days[uid] or float("inf"), pseudonyms.series(uid)))
    known = [day for day in days.values() if day is not None]
    first = min(known) if len(known) == len(days) else None
    return tuple(
        Study(
            number,
            None if first is None else (days[uid] or first) - first,
            _stacks(by_study[uid], tree, pseudonyms),
        )
        for number, uid in enumerate(order, start=1)
    )


def _stacks(headers: list[Header], tree: Tree, pseudonyms: Pseudonyms) -> tuple[Stack, ...]:
    by_series: dict[str, list[Header]] = {}
    for header in headers:
        by_series.setdefault(header.series_uid, []).append(header)
    order = sorted(by_series.items(), key=lambda entry: (entry[1][0].series_number or 0, entry[0]))
    return tuple(stack for uid, files in order for stack in _parts(uid, files, tree, pseudonyms))


def _parts(uid: str, headers: list[Header], tree: Tree, pseudonyms: Pseudonyms) -> Iterable[Stack]:
    parts = split(headers)
    for number, part in enumerate(parts, start=1):
        code = pseudonyms.series(uid, *([str(number)] if len(parts) > 1 else []))
        which = f" part {number} of {len(parts)}" if len(parts) > 1 else ""
        number_shown = (
            part[0].series_number if part[0].series_number is not None else "without number"
        )
        problem = problem_of(part, tree)
        yield Stack(part, f"{number_shown}{which} #{code}", code, problem)


def problem_of(headers: Sequence[Header], tree: Tree) -> str | None:
    """Why files of a tree are not one volume, in words (None: they are)."""
    clashes = sum(header.instance_uid in tree.conflicts for header in headers)
    if clashes:
        return f"{clashes} of its files have the SOP Instance UID of another, different file"
    return find_problem(headers)


def _check_names(patients: list[DicomPatient]) -> None:
    if len({patient.pseudonym for patient in patients}) != len(patients):
        raise UserError("two patients have the same pseudonym: use another key")


def _check_shared_ids(
    patients: list[DicomPatient], headers: dict[tuple[str, str, str], list[Header]]
) -> None:
    """One PatientID in two institutions: two people, unless the birth date is the same."""
    by_id: dict[tuple[str, ...], list[DicomPatient]] = {}
    for patient in patients:
        by_id.setdefault(patient.link[1:], []).append(patient)
    for namesakes in by_id.values():
        for patient in namesakes if len(namesakes) > 1 else ():
            rest = [namesake for namesake in namesakes if namesake is not patient]
            names = ", ".join(namesake.pseudonym for namesake in rest)
            dates = {headers[namesake.link][0].identity.birth_date for namesake in rest}
            if headers[patient.link][0].identity.birth_date in dates - {""}:
                patient.problem = (
                    f"has the PatientID and the birth date of {names}, of another institution: "
                    "if they are one person, give one institution in --institution-table"
                )
            else:
                patient.notes.append(f"has the PatientID of {names}, of another institution")
