"""Reading a tree of files: every file is an image, a copy of one, or counted with the reason."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from gfce.dicom.files import BROKEN, REASONS, Unusable, walk
from gfce.dicom.headers import Header, read_header
from gfce.errors import UserError
from gfce.progress import progress


@dataclass
class Tree:
    """What a tree holds."""

    headers: list[Header] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """Files that give no image, by the reason."""
    copies: int = 0
    """Files that are a copy of another."""
    conflicts: set[str] = field(default_factory=set)
    """SOP Instance UIDs that several, different files have."""
    broken: Counter[Path] = field(default_factory=Counter)
    """Broken files of each folder: they may be slices of a series beside them."""

    @property
    def files(self) -> int:
        """All files."""
        return len(self.headers) + self.copies + sum(self.counts.values())


def read_tree(folder: Path) -> Tree:
    """Read the headers of all files below a folder.

    Raises:
        UserError: the folder is none, or holds no MR image.
    """
    if not folder.is_dir():
        raise UserError("the folder to import is none: name the folder of the DICOM files")
    tree, known = Tree(), dict[str, Header]()
    for path in progress(list(walk(folder)), "headers", unit="file"):
        _add(tree, known, path)
    tree.headers = [*known.values(), *tree.headers]
    if not tree.headers:
        reasons = [f"{reason}: {tree.counts[reason]}" for reason in REASONS]
        raise UserError(f"no MR image among {tree.files} files ({'; '.join(reasons)})")
    return tree


def _add(tree: Tree, known: dict[str, Header], path: Path) -> None:
    try:
        header = read_header(path)
    except Unusable as reason:
        tree.counts[str(reason)] += 1
        tree.broken[path.parent] += str(reason) == BROKEN
        return
    first = known.setdefault(header.instance_uid, header)
    if first is header:
        return
    if _is_same_image(first, header):
        tree.copies += 1
        # Of a copy that is cut short and one that is whole, the whole one counts.
        known[header.instance_uid] = first if first.whole else header
    else:
        tree.conflicts.add(header.instance_uid)
        tree.headers.append(header)


def _is_same_image(first: Header, second: Header) -> bool:
    """Whether two files with one SOP Instance UID are one image of one patient."""
    if any(
        getattr(first, name) != getattr(second, name)
        for name in ("study_uid", "series_uid", "rows", "columns", "frames", "acquisition")
    ):
        return False
    if first.identity.patient_id != second.identity.patient_id:
        return False
    if not (first.whole and second.whole):
        return True
    try:
        return _pixels(first) == _pixels(second)
    except OSError:  # the name of a file, which its message has, may be the patient's
        return False


def _pixels(header: Header) -> str:
    """A hash of the pixel data and what follows them."""
    with header.path.open("rb") as file:
        file.seek(header.pixels_at)
        return hashlib.file_digest(file, "sha256").hexdigest()
