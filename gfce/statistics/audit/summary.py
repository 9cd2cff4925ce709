"""The findings of an audit in Markdown."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gfce.files import records


def summary(table: pd.DataFrame) -> str:
    """The findings in Markdown, to paste into a letter."""
    checked = table[table["agrees"].notna()]
    wrong = checked[~checked["agrees"].astype(bool)]
    implied = table[table["implied"].astype(bool)]
    open_cells = table[table["agrees"].isna() & ~table["implied"].astype(bool)]
    lines = [
        "## Audit of the derived numbers",
        "",
        f"{len(checked)} derived cells were recomputed from the printed rows of the institutions. "
        f"Allowing for the rounding of every printed number, {len(checked) - len(wrong)} agree and "
        f"{len(wrong)} do not. {len(open_cells)} cannot be checked, because a row is absent; "
        f"{len(implied)} absent values are implied by a printed Overall.",
    ]
    if len(wrong):
        titles = ["Table", "Row", "Column", "Printed", "Recomputed", "Possible range", "Finding"]
        lines += ["", *_header(titles)]
        for row in records(wrong):
            lines.append(_summary_row(row, [_fixed(row["printed"])], row["note"]))
    if len(implied):
        lines += ["", *_header(["Table", "Row", "Column", "Implied", "Possible range", "Note"])]
        lines += [_summary_row(row, [], row["note"]) for row in records(implied)]
    return "\n".join(lines).replace("_", r"\_") + "\n"


def _header(titles: list[str]) -> list[str]:
    return ["| " + " | ".join(titles) + " |", "| " + " | ".join(["---"] * len(titles)) + " |"]


def _summary_row(row: dict[str, Any], printed: list[str], *notes: str) -> str:
    cell = [row["table"].removeprefix("table"), row["row"], row["column"]]
    span = f"{_fixed(row['recomputed_low'])} to {_fixed(row['recomputed_high'])}"
    return "| " + " | ".join([*cell, *printed, _fixed(row["recomputed"]), span, *notes]) + " |"


def _fixed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
