"""Which file of a BraTS folder is what, by its name alone.

Sources: BraTS 2017 to 2021 (Baid et al., arXiv:2107.02314) name files `X_t1`, `X_t2`, `X_t1ce` and
`X_seg`, releases from 2023 on `X-t1n`, `X-t2w`, `X-t1c` and `X-seg`; FLAIR is `flair` or `t2f`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from gfce.cohort.manifest import MASK
from gfce.errors import UserError, one_line
from gfce.images.modalities import MODALITIES

FLAIR = "flair"
_ENDS = {
    "t1w": ("(^|_)t1", "-t1n"),
    "t2w": ("(^|_)t2", "-t2w"),
    "ce": ("(^|_)t1ce", "-t1c"),
    FLAIR: ("(^|_)flair", "-t2f"),
    MASK: ("seg",),
}
PATTERNS = {
    kind: re.compile(f"({'|'.join(ends)})" + r"\.nii(\.gz)?$") for kind, ends in _ENDS.items()
}
"""What the names of files end with, by modality."""
SHOWN = {
    "t1w": "_t1, -t1n or t1.nii.gz",
    "t2w": "_t2, -t2w or t2.nii.gz",
    "ce": "_t1ce, -t1c or t1ce.nii.gz",
}
"""The same for messages."""
_SCAN = re.compile(r"(BraTS-[A-Za-z]+-\d+)-\d{3}")
"""A folder's name in releases from 2023 on: the patient and the time point."""


@dataclass
class BratsFolder:
    """A patient's folder: the files that are used, by modality, and how many are not."""

    name: str
    files: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Paths below the folder of all patients, of modalities and `tumour_mask`."""
    flair: int = 0
    others: int = 0

    @property
    def person(self) -> str:
        """Who was imaged: of releases from 2023 on the name without the time point."""
        scan = _SCAN.fullmatch(self.name)
        return scan[1] if scan else self.name

    @property
    def problem(self) -> str | None:
        """Why the patient cannot be imported, if a file is missing or doubled."""
        for kind in (*MODALITIES, MASK):
            found = self.files.get(kind, [])
            title = MODALITIES[kind].title if kind in MODALITIES else "tumour mask"
            if len(found) > 1:
                names = " and ".join(one_line(Path(path).name) for path in found[:2])
                return f"{title} is there twice ({names}): keep one file"
            if not found and kind in MODALITIES:
                return f"{title} is missing: no file is named {SHOWN[kind]}"
        return None

    def row(self, institution: str) -> dict[str, str]:
        """The patient as a row of a manifest, with paths below the folder of all patients."""
        paths = {kind: "".join(self.files.get(kind, [])) for kind in (*MODALITIES, MASK)}
        return {"patient": self.name, "institution": institution, **paths}


def read_folders(root: Path) -> tuple[list[BratsFolder], int]:
    """The folders of all patients below `root`, by name, and the number of files beside them.

    Hidden files and folders are not looked at.

    Raises:
        UserError: `root` is no folder that can be read, or holds no folder.
    """
    try:
        entries = _visible(root)
        folders = [_read(path) for path in entries if path.is_dir()]
    except OSError as error:
        raise UserError(
            f"{_name(root)}: {error.strerror}: name the folder that holds a folder for each patient"
        ) from None
    if not folders:
        raise UserError(
            f"{_name(root)}: holds no folder: name the one with a folder for each patient"
        )
    return folders, len(entries) - len(folders)


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _read(path: Path) -> BratsFolder:
    folder = BratsFolder(path.name)
    for file in _visible(path):
        kind = _kind(file.name)
        if kind is None:
            folder.others += 1
        elif kind == FLAIR:
            folder.flair += 1
        else:
            folder.files[kind].append(f"{path.name}/{file.name}")
    return folder


def _kind(name: str) -> str | None:
    return next((kind for kind, pattern in PATTERNS.items() if pattern.search(name)), None)


def _name(root: Path) -> str:
    """A folder's name for messages, also of `.`."""
    return one_line(root.resolve().name)
