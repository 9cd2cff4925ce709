"""Tables as the paper prints them: Markdown for GitHub and LaTeX (booktabs)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from gfce.contract.columns import OVERALL
from gfce.evaluation.metric import Metric
from gfce.files import records
from gfce.statistics.design import normalization_title

EMPTY = "–"
"""What stands for a value that is missing (missing.csv says why)."""
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "³": r"$^3$",
    "†": r"$^\dagger$",
    "–": "--",
    "−": "$-$",
}


@dataclass(frozen=True)
class Printed:
    """A table of text: what Markdown and LaTeX have in common."""

    caption: str
    header: list[str]
    rows: list[list[str]]
    bold: set[tuple[int, int]] = field(default_factory=set)
    """Row and column of the cells in bold."""
    rules: set[int] = field(default_factory=set)
    """Rows above which a line is drawn."""
    notes: list[str] = field(default_factory=list)
    text_columns: int = 1
    """Columns set flush left; the rest are numbers."""
    number: str = ""
    """Of the table, if it has one; LaTeX counts tables itself."""


def markdown(table: Printed) -> str:
    """GitHub-flavoured Markdown."""
    caption = f"Table {table.number}. {table.caption}" if table.number else table.caption
    lines = [f"**{_md(caption)}**", "", _md_row([_md(name) for name in table.header])]
    lines.append("|" + "|".join([" --- "] * len(table.header)) + "|")
    for row, cells in enumerate(table.rows):
        marked = [
            f"**{_md(c)}**" if (row, i) in table.bold else _md(c) for i, c in enumerate(cells)
        ]
        lines.append(_md_row(marked))
    for note in table.notes:
        lines += ["", _md(note)]
    return "\n".join(lines) + "\n"


def latex(table: Printed) -> str:
    """A LaTeX table environment; the document needs the package booktabs."""
    columns = "l" * table.text_columns + "r" * (len(table.header) - table.text_columns)
    body = [
        "% needs \\usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_tex(table.caption)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _tex_row(table.header),
        r"\midrule",
    ]
    for row, cells in enumerate(table.rows):
        body += [r"\midrule"] if row in table.rules else []
        body.append(_tex_row(cells, {i for i in range(len(cells)) if (row, i) in table.bold}))
    body += [r"\bottomrule", r"\end{tabular}"]
    for note in table.notes:
        body += [r"\par\smallskip", rf"\parbox{{\linewidth}}{{\footnotesize {_tex(note)}}}"]
    return "\n".join([*body, r"\end{table}"]) + "\n"


def mean_sd(mean: float, sd: float, metric: Metric) -> str:
    """`25.39 ± 3.59`, in the unit and with the decimals that the metric is printed in."""
    if pd.isna(mean):
        return EMPTY
    spread = EMPTY if pd.isna(sd) else f"{sd * metric.print_factor:.{metric.decimals}f}"
    return f"{mean * metric.print_factor:.{metric.decimals}f} ± {spread}"


def print_percent(
    table: pd.DataFrame, caption: str, keys: list[str], titles: dict[str, str], best_is_high: bool
) -> Printed:
    """A table of percentages, the best of each column in bold, Overall rows apart.

    Args:
        table: the rows.
        caption: of the table.
        keys: columns of text.
        titles: of the columns of percentages, by column.
        best_is_high: whether the best percentage is the highest.
    """
    cells = [
        [*(shown(row[key], key) for key in keys), *(_percent(row[column]) for column in titles)]
        for row in records(table)
    ]
    kinds = table.assign(is_overall=table["model"] == OVERALL)
    bold = {
        (row, len(keys) + number)
        for number, column in enumerate(titles)
        for row in best(kinds, ["is_overall"], column, best_is_high)
    }
    header = [key.capitalize() for key in keys]
    header += [f"{title} (%)" for title in titles.values()]
    return Printed(caption, header, cells, bold, text_columns=len(keys))


def _percent(value: float) -> str:
    return EMPTY if pd.isna(value) else f"{value:.2f}".replace("-", "−")


def best(rows: pd.DataFrame, keys: list[str], column: str, best_is_high: bool) -> list[int]:
    """Numbers of the rows with the best value of those alike in `keys`, if there are several."""
    values = rows.reset_index(drop=True)
    grouped = values.groupby(keys, sort=False)[column]
    best_values = grouped.transform("max" if best_is_high else "min")
    is_best = (values[column] == best_values) & (grouped.transform("count") > 1)
    return [row for row, chosen in enumerate(is_best) if chosen]


def shown(value: Any, column: str) -> str:
    """A cell of text; several names in it are parted by commas."""
    text = "" if pd.isna(value) else str(value).replace(";", ", ")
    return (normalization_title(text) if column == "normalization" else text) or EMPTY


def _md(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*").replace("_", r"\_")


def _md_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _tex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _tex_row(cells: Sequence[str], bold: set[int] | None = None) -> str:
    marked = [
        rf"\textbf{{{_tex(cell)}}}" if column in (bold or set()) else _tex(cell)
        for column, cell in enumerate(cells)
    ]
    return " & ".join(marked) + r" \\"
