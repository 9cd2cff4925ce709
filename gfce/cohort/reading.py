"""Reading BIDS datasets: the files that a study uses, and warnings about others."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gfce.cohort.bids import PatientFiles
from gfce.cohort.layout import DESCRIPTION, MASKS, PARTICIPANTS
from gfce.cohort.names import FileNames
from gfce.cohort.participants import read_participants
from gfce.cohort.sidecars import Sidecars, read_object
from gfce.errors import UserError, one_line

LOGGER = logging.getLogger(__name__)
EXTENSIONS = (".nii", ".nii.gz")
_PLAIN = re.compile(r"[A-Za-z0-9_+./-]+")
"""A path of the labels of BIDS."""
_TUMOUR = re.compile(r".*_label-tumou?r(_[A-Za-z]+-[A-Za-z0-9+]+)*_mask\.nii(\.gz)?")


def read_dataset(root: Path) -> list[PatientFiles]:
    """List the patients of participants.tsv, in order of their ids, with their files.

    Images lie in `<patient>/anat` or `<patient>/ses-<session>/anat`. These are
    warnings, because no result depends on them: folders of patients that are not listed, masks of
    something else than a tumour, a missing or broken dataset_description.json, a broken sidecar.

    Raises:
        UserError: the folder is missing, or participants.tsv cannot be used.
    """
    participants = read_participants(root)
    _warn_of_description(root)
    folders = {path.name for path in root.glob("sub-*") if path.is_dir()}
    _warn_of_many(sorted(folders - participants.keys()), f"not in {PARTICIPANTS}")
    reader = _Reader(root)
    patients = [reader.read(patient, name) for patient, name in participants.items()]
    _warn_of_many(reader.other_masks, "a tumour mask is called ..._label-tumour_mask.nii.gz")
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

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names = FileNames()
        self._sidecars = Sidecars(root, self._names)
        self.other_masks: list[str] = []

    def read(self, patient_id: str, institution: str) -> PatientFiles:
        images = self._images(patient_id)
        files: dict[str, list[Path]] = {}
        for path, entities in images.items():
            if modality := _modality(entities):
                files.setdefault(modality, []).append(path)
        masks = self._masks(patient_id)
        t1w = files.get("t1w", [])
        return PatientFiles(
            patient_id,
            institution,
            files,
            next(iter(masks), None),
            self._sidecars.field_strength(t1w[0]) if t1w else None,
            self._problem(patient_id, images, masks),
        )

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

    def _masks(self, patient_id: str) -> dict[Path, dict[str, Any]]:
        masks = [
            path
            for path in _files((self._root / MASKS / patient_id).rglob("*"))
            if path.name.endswith(EXTENSIONS)
        ]
        tumours = {path: self._entities(path) for path in masks if _TUMOUR.fullmatch(path.name)}
        self.other_masks += [self._relative(path) for path in masks if path not in tumours]
        return tumours

    def _entities(self, path: Path) -> dict[str, Any]:
        return self._names.entities(self._relative(path))

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _problem(
        self, patient_id: str, images: Mapping[Path, dict[str, Any]], masks: Mapping[Path, Any]
    ) -> str | None:
        """Why a patient's files cannot be used, by their names alone."""
        if not (self._root / patient_id).is_dir():
            return "no folder in the dataset: add it or leave the patient out"
        for path in [*images, *masks]:
            is_plain = _PLAIN.fullmatch(self._relative(path))
            if not path.name.startswith(f"{patient_id}_") or not is_plain:
                name = one_line(path.name)
                return f"{name} is not named {patient_id}_... in plain letters: rename or move it"
        sessions = {entities.get("session") for entities in images.values()}
        if len(sessions) > 1:
            return f"volumes of {len(sessions)} sessions ({_listed(sessions)}): keep one"
        if len(masks) > 1:
            return f"{len(masks)} tumour masks ({_listed(p.name for p in masks)}): keep one"
        of_masks = {entities.get("session") for entities in masks.values()} - {None}
        if images and of_masks - sessions:
            return f"a tumour mask of session {_listed(of_masks)}, but no volume: correct its name"
        return None


def _files(paths: Iterable[Path]) -> list[Path]:
    """Files that are not hidden; a broken link counts as a file, and its reader refuses it."""
    return sorted(
        path
        for path in paths
        if not path.name.startswith(".") and (path.is_file() or path.is_symlink())
    )


def _listed(names: Iterable[str | None]) -> str:
    return ", ".join(sorted(one_line(name or "without a name") for name in names))


def _modality(entities: Mapping[str, Any]) -> str | None:
    if entities["suffix"] == "T2w":
        return None if "ceagent" in entities else "t2w"
    return "ce" if "ceagent" in entities else "t1w"
