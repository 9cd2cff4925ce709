"""Tables that are made of a study's scores, and how they are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType

import pandas as pd

from gfce.contract.table import Table
from gfce.declarations import imported
from gfce.statistics.questions import Question
from gfce.statistics.scored_study import ScoredStudy


@dataclass(frozen=True, kw_only=True)
class StudyTable(Table):
    """A table of a study's scores.

    Attributes:
        make: makes it of a study's scores (None: there is nothing to make it of).
        answers: say in lines of Markdown what it shows, by the question that this answers, for
            findings.md.
    """

    make: Callable[[ScoredStudy], pd.DataFrame | None]
    answers: Mapping[Question, Callable[[pd.DataFrame], str]] = field(default_factory=dict)


def declared(package: ModuleType) -> list[Table]:
    """What the modules of a package declare as `TABLE`, in the order of the modules' names."""
    return list(imported(package.__name__, package.__path__, "TABLE").values())
