"""docs/tables.md is what the tables declare."""

from __future__ import annotations

from cohorts import REPOSITORY

from gfce.contract.markdown import tables_markdown


def test_the_documented_columns_are_the_declared_ones() -> None:
    text = (REPOSITORY / "docs" / "tables.md").read_text(encoding="utf-8")
    assert text == tables_markdown()
