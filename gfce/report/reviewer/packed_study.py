"""What the pack is made of: the study, and which of its files can be shown as evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from gfce.provenance.records import Written
from gfce.provenance.state import Provenance
from gfce.report.describing import DATAPACKAGE
from gfce.report.page.rows import read_rows
from gfce.report.page.study import ReportedStudy
from gfce.steps import STEPS, Task, tasks
from gfce.study.results import REPORT, RUN, is_history

PACK = "pack"
"""The step that writes the pack."""
OWN = "reviewer/"
"""The pack's folder below the results."""
SHORT = 12
"""Digits of a checksum in text: enough to compare by eye; the crate has all of them."""
Row = dict[str, str]


@dataclass(frozen=True, eq=False)
class PackedStudy(ReportedStudy):
    """A study as the pack finds it.

    Attributes:
        state: what is known of its results.
    """

    state: Provenance

    @classmethod
    def of(cls, state: Provenance) -> PackedStudy:
        """The study that this state is of, without the results that do not fit it."""
        return cls(state.config, state.unusable(Task(PACK)), state)

    @cached_property
    def written(self) -> dict[Task, dict[str, Written]]:
        """The files of each result that fits, by their paths below the results."""
        made = (task for task in tasks(self.config) if not STEPS[task.step].is_of_dataset)
        found = ((task, self.state.record(task)) for task in made if task.step != PACK)
        return {
            task: dict(record.files)
            for task, record in found
            if record and task not in self.unusable
        }

    @cached_property
    def files(self) -> dict[str, Written]:
        """All of these files."""
        return {name: file for files in self.written.values() for name, file in files.items()}

    def rows(self, name: str) -> list[Row] | None:
        """The rows of a CSV (None: it is not there or does not fit)."""
        return read_rows(self.results.root / name) if name in self.files else None

    @cached_property
    def code_edits(self) -> list[str]:
        """Files of gfce that were not those of its release when a result was made."""
        records = (self.state.record(task) for task in self.written)
        return sorted({name for record in records if record for name in record.recipe.edited})

    def evidence(self, names: Iterable[str], up: str) -> str:
        """Links to files with the beginnings of their checksums; to a folder without one.

        Args:
            names: paths below the results.
            up: from where the text lies to the results, such as `../`.
        """
        return ", ".join(self._link(name, up) for name in names)

    def _link(self, name: str, up: str) -> str:
        if name.startswith(OWN):  # which is being written
            return f"[{name}]({name.removeprefix(OWN)})"
        if name.endswith("/"):
            within = any(PurePosixPath(file).is_relative_to(name) for file in self.files)
            return f"[{name}]({up}{name})" if within else f"{name} (not made yet)"
        if name not in self.files:
            return f"{name} (not made yet, or out of date)"
        link = f"[{name}]({up}{name})"
        if holds_times(name):
            return link
        return f"{link} `{self.files[name].sha256[:SHORT]}`"


def holds_times(name: str) -> bool:
    """Whether a file says how long something took, or holds the hash of one that does.

    It has no checksum in the pack, so that the same study has the same pack.
    """
    return is_history(name) or PurePosixPath(name).name in {RUN, REPORT, DATAPACKAGE}
