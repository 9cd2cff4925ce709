"""Who of a folder of BraTS is imported, who is not and why, and the report of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from gfce.cohort.importing import Row
from gfce.cohort.manifest import MASK
from gfce.errors import UserError, one_line


@dataclass
class BratsPlan:
    """Patients as rows of a manifest, by id, and problems of the others, by name."""

    flair: int
    others: int
    patients: dict[str, Row] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def leave_out(self, patient_id: str, problem: str) -> None:
        """Move a patient to those who cannot be imported."""
        self.problems[self.patients.pop(patient_id)["patient"]] = problem

    def refuse_problems(self) -> None:
        """Refuse a plan that leaves anybody out.

        Raises:
            UserError: it does; the message has the first patient's reason.
        """
        lines = self.problem_lines()
        if lines:
            more = f" (and {len(lines) - 1} more)" if lines[1:] else ""
            raise UserError(f"{lines[0]}{more}: see --dry-run, or give --leave-out")

    def problem_lines(self) -> list[str]:
        """A line for each patient who cannot be imported, by name."""
        return [f"{one_line(name)}: {self.problems[name]}" for name in sorted(self.problems)]

    def report(self) -> str:
        """The whole report."""
        usable, unusable = len(self.patients), len(self.problems)
        masks = sum(bool(row[MASK]) for row in self.patients.values())
        counts = Counter(row["institution"] for row in self.patients.values())
        lines = [
            f"{usable + unusable} patients: {usable} can be imported, {unusable} cannot",
            *(f"  {name}: {counts[name]}" for name in sorted(counts, key=_in_order)),
            f"{masks} of them with a tumour mask",
            f"passed over: {self.flair} FLAIR and {self.others} other files",
        ]
        if self.problems:
            lines += ["cannot be imported:", *(f"  {line}" for line in self.problem_lines())]
        return "\n".join(lines) + "\n"


def _in_order(name: str) -> list[tuple[int, str]]:
    """A key that sorts Institution-2 before Institution-10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
