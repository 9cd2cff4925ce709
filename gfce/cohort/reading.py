"""Reading BIDS datasets: the files that a study uses, and warnings about others."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gfce.cohort.agents import has_gadolinium
from gfce.cohort.bids import PatientFiles
from gfce.cohort.layout import DESCRIPTION, MASKS, PARTICIPANTS
from gfce.cohort.names import FileNames
from gfce.cohort.participants import read_participants
from gfce.cohort.selecting import ImageFile, Selection, choose_mask, labels_of, select
from gfce.cohort.sidecars import Sidecars, read_object
from gfce.config import Bids
from gfce.errors import UserError, one_line

LOGGER = logging.getLogger(__name__)
EXTENSIONS = (".nii", ".nii.gz")
_PLAIN = re.compile(r"[A-Za-z0-9_+./-]+")
"""A path of the labels of BIDS."""
_TUMOUR = re.compile(r".*_label-tumou?r(_[A-Za-z]+-[A-Za-z0-9+]+)*_mask\.nii(\.gz)?")

NO_SIDECAR = "no sidecar of its T1w has an InstitutionName: add it, or a column to participants.tsv"
NO_GADOLINIUM = (
    "no agent with gadolinium that is known stands behind ce-: cohort.bids.contrast_agents adds one"
)
NO_MAGNITUDE = "its part- says that it is no magnitude image"
NOT_CHOSEN = "of another session or run, or without the entities of cohort.bids"
NO_TUMOUR = "a tumour mask is called ..._label-tumour_mask.nii.gz"


def read_dataset(root: Path, bids: Bids | None = None) -> list[PatientFiles]:
    """List the patients of participants.tsv, in order of their ids, with their files.

    Images lie in `<patient>/anat` or `<patient>/ses-<session>/anat`; `bids` (None: its defaults)
    decides which of several are taken. These are warnings, because no result depends on them:
    folders of patients that are not listed, images and masks that are passed over, a missing or
    broken dataset_description.json, a broken sidecar.

    Raises:
        UserError: the folder is missing, participants.tsv cannot be used, or neither it nor a
            sidecar names an institution.
    """
    bids = bids or Bids()
    participants = read_participants(root, bids.institution_column)
    _warn_of_description(root)
    folders = {path.name for path in root.glob("sub-*") if path.is_dir()}
    _warn_of_many(sorted(folders - participants.keys()), f"not in {PARTICIPANTS}")
    reader = _Reader(root, bids)
    patients = [reader.read(patient, name) for patient, name in participants.items()]
    for why in (NO_GADOLINIUM, NO_MAGNITUDE, NOT_CHOSEN, NO_TUMOUR):
        _warn_of_many(reader.passed_over[why], why)
    if None in participants.values() and not any(patient.institution for patient in patients):
        raise UserError(
            f"{PARTICIPANTS}: column institution is missing and no sidecar of a T1w has an "
            "InstitutionName: add the column, or name it in cohort.bids.institution_column"
        )
    return patients


def _warn_of_description(root: Path) -> None:
    try:
        read_object(root / DESCRIPTION)
    except UserError as error:
        LOGGER.warning("warning: %s: %s: BIDS asks for it, a study does not", DESCRIPTION, error)


def _warn_of_many(names: list[str], why: str) -> None:
    if names:
        more = f" and {len(names) - 1} more" if names[1:] else ""
        LOGGER.warning("warning: not read: %s%s: %s", one_line(names[0], 200), more, why)


class _Reader:
    """Reads the files of one patient after the other."""

    def __init__(self, root: Path, bids: Bids) -> None:
        self._root, self._bids = root, bids
        self._names = FileNames()
        self._sidecars = Sidecars(root, self._names)
        self.passed_over: defaultdict[str, list[str]] = defaultdict(list)
        """Files that are not read, by the reason."""

    def read(self, patient_id: str, institution: str | None) -> PatientFiles:
        named, masks = self._images(patient_id), self._masks(patient_id)
        images = [image for path in named if (image := self._image(path, named[path]))]
        selection = select(images, self._bids)
        sessions = {entities.get("session") for entities in named.values()}
        tumour, problem_of_mask = choose_mask(masks, sessions, selection.session)
        problem = (
            self._problem_of_names(patient_id, {**named, **masks})
            or _problem_of_agents(named, images)
            or selection.problem
            or problem_of_mask
        )
        if problem is None:
            self._note_others(images, selection)
        t1w = selection.files.get("t1w", [])
        name = self._institution(t1w) if institution is None else institution
        patient = PatientFiles(
            patient_id,
            self._bids.institution_names.get(name, name),
            selection.files,
            tumour,
            self._sidecars.field_strength(t1w[0]) if t1w else None,
            problem,
        )
        return replace(patient, no_institution=NO_SIDECAR) if institution is None else patient

    def _images(self, patient_id: str) -> dict[Path, dict[str, Any]]:
        """The T1w and T2w files of a patient, with the entities of their names."""
        folder = self._root / patient_id
        files = {
            path: self._entities(path)
            for path in _files([*folder.glob("anat/*"), *folder.glob("ses-*/anat/*")])
        }
        return {
            path: entities
            for path, entities in files.items()
            if entities.get("suffix") in ("T1w", "T2w") and entities.get("extension") in EXTENSIONS
        }

    def _image(self, path: Path, entities: Mapping[str, Any]) -> ImageFile | None:
        """A file of a modality (None: it is none, which is noted where somebody may wonder)."""
        labels, modality = labels_of(path), _modality(entities)
        if labels.get("part", "mag") != "mag":
            self.passed_over[NO_MAGNITUDE].append(self._relative(path))
            return None
        if modality == "ce" and not has_gadolinium(
            str(entities["ceagent"]), self._bids.contrast_agents
        ):
            self.passed_over[NO_GADOLINIUM].append(self._relative(path))
            return None
        return ImageFile(path, modality, entities.get("session"), labels) if modality else None

    def _masks(self, patient_id: str) -> dict[Path, dict[str, Any]]:
        masks = [
            path
            for path in _files((self._root / MASKS / patient_id).rglob("*"))
            if path.name.endswith(EXTENSIONS)
        ]
        tumours = {path: self._entities(path) for path in masks if _TUMOUR.fullmatch(path.name)}
        others = [self._relative(path) for path in masks if path not in tumours]
        self.passed_over[NO_TUMOUR] += others
        return tumours

    def _note_others(self, images: Iterable[ImageFile], selection: Selection) -> None:
        taken = {path for paths in selection.files.values() for path in paths}
        others = [self._relative(image.path) for image in images if image.path not in taken]
        self.passed_over[NOT_CHOSEN] += others

    def _institution(self, t1w: Iterable[Path]) -> str:
        """What the sidecars of T1w say, if they say one thing."""
        names = {self._sidecars.institution(path) for path in t1w}
        return names.pop() if len(names) == 1 else ""

    def _entities(self, path: Path) -> dict[str, Any]:
        return self._names.entities(self._relative(path))

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _problem_of_names(
        self, patient_id: str, files: Mapping[Path, Mapping[str, Any]]
    ) -> str | None:
        """Why a patient's files cannot be told to be the patient's, by their names alone."""
        if not (self._root / patient_id).is_dir():
            return "no folder in the dataset: add it or leave the patient out"
        for path, entities in files.items():
            name, session = one_line(path.name), entities.get("session")
            is_plain = _PLAIN.fullmatch(self._relative(path))
            if not path.name.startswith(f"{patient_id}_") or not is_plain:
                return f"{name} is not named {patient_id}_... in plain letters: rename or move it"
            if labels_of(path).get("ses", session) != session:
                return f"{name} lies in the folder of session {session}: rename or move it"
        return None


def _problem_of_agents(
    named: Mapping[Path, Mapping[str, Any]], images: Iterable[ImageFile]
) -> str | None:
    """That there is no CE, but a T1w of an agent that is not known."""
    agents = {
        str(entities["ceagent"]) for entities in named.values() if _modality(entities) == "ce"
    }
    if not agents or any(image.modality == "ce" for image in images):
        return None
    names = one_line(", ".join(f"ce-{agent}" for agent in sorted(agents)), 200)
    return (
        f"no ce volume, but {names}, which is not known to have gadolinium: name it in "
        "cohort.bids.contrast_agents or leave the patient out"
    )


def _files(paths: Iterable[Path]) -> list[Path]:
    """Files that are not hidden; a broken link counts as a file, and its reader refuses it."""
    return sorted(
        path
        for path in paths
        if not path.name.startswith(".") and (path.is_file() or path.is_symlink())
    )


def _modality(entities: Mapping[str, Any]) -> str | None:
    if entities["suffix"] == "T2w":
        return None if "ceagent" in entities else "t2w"
    return "ce" if "ceagent" in entities else "t1w"
