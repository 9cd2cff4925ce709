"""What the sections of the report are made of: the study, and which of its results fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.statistics.design import Model, models
from gfce.steps import WHOLE, Task, What
from gfce.study import Cell, Results, cells, read_patients


@dataclass(frozen=True, eq=False)
class ReportedStudy:
    """A study as the report finds it.

    Attributes:
        config: the study.
        unusable: results that are not there or do not fit, and why.
    """

    config: StudyConfig
    unusable: Mapping[Task, str]

    @cached_property
    def results(self) -> Results:
        """Where everything lies."""
        return Results(self.config)

    @cached_property
    def patients(self) -> pd.DataFrame:
        """The rows of patients.csv."""
        return read_patients(self.results)

    @cached_property
    def models(self) -> list[Model]:
        """The models of the grid."""
        return models(self.config)

    @cached_property
    def runs(self) -> dict[Cell, dict[str, Any]]:
        """How each model was trained, of the models that are there."""
        trained = (cell for cell in cells(self.config) if self.fits("train", cell))
        paths = {cell: self.results.run(cell) for cell in trained}
        return {
            cell: json.loads(path.read_text(encoding="utf-8"))
            for cell, path in paths.items()
            if path.exists()
        }

    def fits(self, step: str, what: What = WHOLE) -> bool:
        """Whether nothing is known against a step's result."""
        return Task(step, what) not in self.unusable

    def absent(self, step: str, what: What = WHOLE) -> str:
        """A line about a result that is not there, with why and with what makes it."""
        reason = self.unusable.get(Task(step, what), "not made yet")
        command = f"gfce {step}" if what == WHOLE else f"gfce {step} … {what}"
        return (
            f'<p class="absent">Not shown: {escape(reason)}; '
            f"<code>{escape(command)}</code> makes it.</p>\n"
        )
