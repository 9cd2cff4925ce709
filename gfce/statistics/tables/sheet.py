"""A table as it is written for readers: CSV, Markdown and LaTeX, with reasons for its gaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gfce.contract.table import Table
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.render import Printed


@dataclass(frozen=True)
class Sheet:
    """A table of a study.

    Attributes:
        name: of its files in tables/.
        rows: of its CSV.
        printed: what Markdown and LaTeX show.
        why_empty: why a value is empty, given its row and its column.
        why_no_rows: why the table has no rows, where it has none.
    """

    name: str
    rows: pd.DataFrame
    printed: Printed
    why_empty: Callable[[dict[str, Any], str], str]
    why_no_rows: str = "nothing is tested"


@dataclass(frozen=True, kw_only=True)
class PrintedTable(Table):
    """A table that is printed too, with the function that makes its sheets: mostly a single one."""

    sheets: Callable[[ScoredStudy], list[Sheet]]
