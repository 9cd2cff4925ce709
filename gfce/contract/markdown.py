"""docs/tables.md: what every CSV of the results holds, for readers."""

from __future__ import annotations

from collections.abc import Iterator

from gfce.contract.table import Column, Table
from gfce.contract.tables import all_tables

INTRODUCTION = """# Every column of the results

Written by `make schema` from the tables that gfce declares. `datapackage.json` of a study says the
same with the values that the study allows; [statistics.md](statistics.md) has the formulas.
"""


def tables_markdown() -> str:
    """A section for each table with its columns."""
    return "\n".join([INTRODUCTION, *(_section(table) for table in all_tables())])


def _section(table: Table) -> str:
    lines = [f"## {_file(table)}", "", f"{table.title}.{_variants(table)}{_key(table)}", ""]
    lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
    return "\n".join([*lines, *_rows(table)]) + "\n"


def _file(table: Table) -> str:
    return f"`{table.name}.csv`"


def _variants(table: Table) -> str:
    names = [f"`{name}.csv`" for name in table.variants]
    return f" {', '.join(names)}: the same columns." if names else ""


def _key(table: Table) -> str:
    keys = ", ".join(f"`{name}`" for name in table.key)
    return f" A row is identified by {keys}." if keys else ""


def _rows(table: Table) -> Iterator[str]:
    for column in table.columns:
        cells = [f"`{column.name}`", column.type, column.unit, _meaning(column)]
        yield "| " + " | ".join(cells) + " |"


def _meaning(column: Column) -> str:
    if callable(column.allowed) or not column.allowed:
        return column.meaning
    return f"{column.meaning} ({', '.join(column.allowed)})"
