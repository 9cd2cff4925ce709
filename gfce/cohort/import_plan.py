"""Who of a table of images is imported, who is not and why, and the report of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from gfce.cohort.conversions import Pending
from gfce.cohort.manifest import MASK
from gfce.cohort.rows import Row


@dataclass
class ImportPlan:
    """Patients as rows of a manifest, by id, and problems of the others, by name."""

    advice: str
    passed_over: str = ""
    """A line of the report: files that are not imported."""
    rows: dict[str, Row] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    """The whole line by what it begins with."""
    _pending: dict[str, Pending] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    @property
    def pending(self) -> list[Pending]:
        """Those who are to be imported."""
        return list(self._pending.values())

    def add(self, patient: Pending, row: Row, name: str) -> None:
        """Add a patient who is called so in messages."""
        self.rows[patient.patient_id] = row
        self._pending[patient.patient_id] = patient
        self._names[patient.patient_id] = name

    def refuse(self, name: str, problem: str) -> None:
        """Add somebody who cannot be imported."""
        self.problems[name] = f"{name}: {problem}"

    def leave_out(self, patient_id: str, problem: str) -> None:
        """Move a patient to those who cannot be imported."""
        del self.rows[patient_id], self._pending[patient_id]
        self.refuse(self._names[patient_id], problem)

    def problem_lines(self) -> list[str]:
        """A line for each patient who cannot be imported, by name."""
        return [self.problems[name] for name in sorted(self.problems, key=_in_order)]

    def report(self) -> str:
        """The whole report."""
        usable, unusable = len(self.rows), len(self.problems)
        masks = sum(bool(row[MASK]) for row in self.rows.values())
        counts = Counter(row["institution"] for row in self.rows.values())
        lines = [
            f"{usable + unusable} patients: {usable} can be imported, {unusable} cannot",
            *(f"  {name}: {counts[name]}" for name in sorted(counts, key=_in_order)),
            f"{masks} of them with a tumour mask",
            *([self.passed_over] if self.passed_over else []),
        ]
        if self.problems:
            lines += ["cannot be imported:", *(f"  {line}" for line in self.problem_lines())]
        return "\n".join(lines) + "\n"


def _in_order(name: str) -> list[tuple[int, str]]:
    """A key that sorts Institution-2 before Institution-10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
