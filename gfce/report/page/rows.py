"""CSVs of the results as tables of the page."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from html import escape
from pathlib import Path

from gfce import html
from gfce.contract.table import Column, Table
from gfce.statistics.tables.render import EMPTY

DIGITS = 4
"""Significant digits of numbers on the page; the CSVs have all of them."""


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV as they are written (none: it is not there)."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rows_table(caption: str, rows: Sequence[dict[str, str]], declared: Table) -> str:
    """Rows of a declared table; columns that are empty in all of them are left out."""
    kinds = {column.name: column.type for column in declared.columns}
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    cells = [[_cell(row[name], kinds.get(name, "")) for name in names] for row in rows]
    numbers = [i for i, name in enumerate(names) if kinds.get(name) in ("number", "integer")]
    return html.table(caption, [escape(name) for name in names], cells, numbers)


def _cell(text: str, kind: str) -> str:
    if not text:
        return EMPTY
    return rounded(float(text)) if kind == "number" else escape(text.replace(";", "; "))


def rounded(value: float) -> str:
    """A number with few digits and a minus sign."""
    return f"{value:.{DIGITS}g}".replace("-", "−")


def meanings(columns: Sequence[Column]) -> str:
    """What columns hold, to be opened."""
    lines = (
        f"<dt><code>{escape(column.name)}</code></dt><dd>{escape(column.meaning)}"
        f"{f' [{escape(column.unit)}]' if column.unit not in ('', '1') else ''}</dd>\n"
        for column in columns
    )
    return f"<details><summary>Columns</summary>\n<dl>\n{''.join(lines)}</dl></details>\n"
