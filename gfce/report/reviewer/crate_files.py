"""The files that the RO-Crate lists, each with what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from gfce.contract.tables import declaration
from gfce.files import sha256
from gfce.report.reviewer.packed_study import PackedStudy, holds_times
from gfce.study import remotes
from gfce.study.results import is_history

ENCODINGS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".safetensors": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
}
NOT_LISTED = {
    "preprocess": ("images/", "Resampled volumes of every patient; files are named by patients."),
    "predict": ("predictions/", "Synthetic CE of every model, a BIDS derivatives dataset each."),
}
"""Folders that are not listed file by file, by the step that fills them, but for their CSVs."""


@dataclass(frozen=True)
class CrateFile:
    """A file of the crate.

    Attributes:
        path: below the results.
        step: that wrote it.
        sha256: its checksum (empty: it holds times).
        size: in bytes.
    """

    path: str
    step: str
    sha256: str
    size: int

    @property
    def encoding(self) -> str:
        """Its media type."""
        return ENCODINGS[PurePosixPath(self.path).suffix]

    @property
    def is_described(self) -> bool:
        """Whether datapackage.json describes its columns."""
        is_declared = declaration(self.path.removesuffix(".csv")) is not None
        return is_history(self.path) or (self.path.endswith(".csv") and is_declared)


def listed_files(study: PackedStudy) -> Iterator[CrateFile]:
    """Tables, figures, texts and models, as far as they fit the study; no images of patients."""
    for task, files in study.written.items():
        for path, file in files.items():
            suffix = PurePosixPath(path).suffix
            is_listed = suffix == ".csv" if task.step in NOT_LISTED else suffix in ENCODINGS
            if is_listed:
                checksum = "" if holds_times(path) else file.sha256
                yield CrateFile(path, task.step, checksum, file.size)
    for remote in remotes(study.config):
        for found in sorted(remote.folder.iterdir()):
            name = found.relative_to(study.results.root).as_posix()
            yield CrateFile(name, "merge", sha256(found), found.stat().st_size)


def folders(study: PackedStudy) -> list[tuple[str, str]]:
    """Folders that are not listed file by file, with what they hold."""
    made = {task.step for task, files in study.written.items() if files}
    return [folder for step, folder in NOT_LISTED.items() if step in made]
