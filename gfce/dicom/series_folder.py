"""A folder with the DICOM files of one series, read as one image.

What is in the folder beside the series must be no image: which of several series is meant is never
guessed. `gfce import --dicom`, which chooses by rules, is for trees.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gfce.dicom.converting import convert
from gfce.dicom.files import BROKEN, NO_IDENTITY, UNREADABLE
from gfce.dicom.headers import Header
from gfce.dicom.patients import problem_of
from gfce.dicom.stacks import Stack, split
from gfce.dicom.tree import Tree, read_tree
from gfce.errors import UserError
from gfce.images.volumes import Image

MAY_BE_SLICES = (BROKEN, UNREADABLE, NO_IDENTITY)
"""Files of these kinds may be slices of the series that would be lost."""


@dataclass(frozen=True)
class SeriesFolder:
    """The series of a folder.

    Attributes:
        image: its voxels by RescaleSlope, axes turned to LPS.
        stack: its files, as their headers describe them (`gfce.dicom.facts.facts_of`).
    """

    image: Image
    stack: Stack


def read_series_folder(folder: Path, scratch: Path | None = None) -> SeriesFolder:
    """Read the one series that lies in a folder or in folders below it.

    Copies of files (one SOP Instance UID) count once; files that are no DICOM images are passed
    over. dcm2niix converts in a temporary folder, of its owner alone, below `scratch` (None: the
    system's), which is removed.

    Raises:
        UserError: there is no series or there are several, a file may be a slice and cannot be
            read, or the files are not one volume. The message names neither folder nor patient.
    """
    stack = only_series(folder)
    return SeriesFolder(convert(stack, scratch or Path(tempfile.gettempdir())), stack)


def only_series(folder: Path) -> Stack:
    """The files of the one series of a folder, of which no pixel is read.

    Raises:
        UserError: as `read_series_folder`, as far as headers tell.
    """
    stack = _only_stack(read_tree(folder))
    if stack.problem is not None:
        raise UserError(f"its series cannot be used: {stack.problem}")
    return stack


def _only_stack(tree: Tree) -> Stack:
    for reason in MAY_BE_SLICES:
        if tree.counts[reason]:
            raise UserError(
                f"{tree.counts[reason]} of its {tree.files} files may be slices that would be "
                f"lost: {reason}: export the series again"
            )
    _check_one(tree.headers)
    parts = split(tree.headers)
    if len(parts) > 1:
        raise UserError(
            f"its series holds {len(parts)} volumes (echo times or kinds of image): name a folder "
            "with the files of one"
        )
    return Stack(parts[0], "", "", problem_of(parts[0], tree))


def _check_one(headers: Iterable[Header]) -> None:
    headers = list(headers)
    patients = {(header.identity.issuer, header.identity.patient_id) for header in headers}
    if len(patients) > 1:
        raise UserError(f"holds images of {len(patients)} patients: name the folder of one series")
    series = {(header.study_uid, header.series_uid) for header in headers}
    if len(series) > 1:
        raise UserError(f"holds {len(series)} series: name the folder of one")
