"""Tables as the paper prints them: Markdown for GitHub and LaTeX (booktabs)."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from gfce.files import records
from gfce.images.normalizations import NORMALIZATIONS
from gfce.statistics.aggregation import OVERALL
from gfce.statistics.design import METRICS, Metric

EMPTY = "–"
"""What stands for a value that is missing (missing.csv says why)."""
LEGEND = (
    "Mean ± SD over patients. † external institution. Overall: unweighted mean over the "
    "institutions above. Bold: the best of the models tested on the same patients. "
    "* differs from the pooled model on the same patients (paired t-test, Holm-adjusted p < 0.05)."
)
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
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


def markdown(table: Printed) -> str:
    """GitHub-flavoured Markdown."""
    lines = [f"**{_md(table.caption)}**", "", _md_row([_md(name) for name in table.header])]
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


def print_design(table: pd.DataFrame) -> Printed:
    """Table 1."""
    names = {
        "model": "Model",
        "network": "Network",
        "normalization": "Normalization",
        "training_institutions": "Trained on",
        "training_patients": "Patients",
        "external_institutions": "External test",
        "seeds": "Seeds",
    }
    rows = [[_listed(row[name]) for name in names] for row in records(table)]
    return Printed("Table 1. Design", list(names.values()), rows, text_columns=len(names))


def print_scores(
    number: str,
    rows: pd.DataFrame,
    title: str,
    notes: Sequence[str] = (),
    marked: Set[tuple[str, str, str]] = frozenset(),
) -> Printed:
    """Table 2 or 3: mean ± SD; external rows marked; the best of the same patients in bold.

    Args:
        number: of the table.
        rows: of the table.
        title: behind the number.
        notes: lines below the table.
        marked: model, scope and metric of the scores that differ from the pooled model's
            (`paired.differing_from_pooled`).
    """
    scores = [metric for metric in METRICS if metric.mean in rows.columns]
    cells = [
        [str(row["model"]), _testing(row["testing"], row["cohort"]), str(row["n"])]
        + [
            mean_sd(row[metric.mean], row[metric.sd], metric)
            + ("*" if (row["model"], _scope(row), metric.name) in marked else "")
            for metric in scores
        ]
        for row in records(rows)
    ]
    bold = {
        (place, 3 + column)
        for column, metric in enumerate(scores)
        for place in _best(rows, ["testing", "cohort"], metric.mean, metric.higher_is_better)
    }
    changes = rows["model"].ne(rows["model"].shift())
    rules = {place for place, change in enumerate(changes) if change and place}
    header = ["Model", "Testing", "n", *(metric.title for metric in scores)]
    return Printed(f"Table {number}. {title}", header, cells, bold, rules, [LEGEND, *notes], 2)


def _scope(row: dict[str, Any]) -> str:
    """The scope of the paired tests that compares the patients of a row."""
    own = row["cohort"] == "internal" or row["testing"] == OVERALL
    return str(row["cohort"] if own else row["testing"])


def print_improvements(table: pd.DataFrame) -> Printed:
    """Table 4: larger is better."""
    title = "Table 4. External improvement of pooled over single-institution training (%)"
    return _print_percent(table, title, "improvement", ["model"], best_is_high=True)


def print_drops(table: pd.DataFrame) -> Printed:
    """Table 5: smaller is better."""
    title = "Table 5. Drop from internal to external test (%)"
    printed = _print_percent(table, title, "drop", ["normalization", "model"], best_is_high=False)
    rules = {place + 1 for place, name in enumerate(table["model"]) if name == OVERALL}
    return Printed(
        printed.caption,
        printed.header,
        printed.rows,
        printed.bold,
        rules - {len(table)},
        ["Overall: unweighted mean of the drops above. Bold: the smallest drop."],
        printed.text_columns,
    )


def mean_sd(mean: float, sd: float, metric: Metric) -> str:
    """`25.39 ± 3.59`, in the unit and with the decimals that the metric is printed in."""
    if pd.isna(mean):
        return EMPTY
    spread = EMPTY if pd.isna(sd) else f"{sd * metric.print_factor:.{metric.decimals}f}"
    return f"{mean * metric.print_factor:.{metric.decimals}f} ± {spread}"


def _print_percent(
    table: pd.DataFrame, caption: str, kind: str, keys: list[str], best_is_high: bool
) -> Printed:
    columns = [column for column in table.columns if column.endswith(f"_{kind}_pct")]
    cells = [
        [*(_listed(row[key]) for key in keys), *(_percent(row[column]) for column in columns)]
        for row in records(table)
    ]
    kinds = table.assign(is_overall=table["model"] == OVERALL)
    bold = {
        (place, len(keys) + number)
        for number, column in enumerate(columns)
        for place in _best(kinds, ["is_overall"], column, best_is_high)
    }
    header = [key.capitalize() for key in keys]
    header += [column.split("_")[0].upper() + " (%)" for column in columns]
    return Printed(caption, header, cells, bold, text_columns=len(keys))


def _percent(value: float) -> str:
    return EMPTY if pd.isna(value) else f"{value:.2f}".replace("-", "−")


def _best(rows: pd.DataFrame, keys: list[str], column: str, best_is_high: bool) -> list[int]:
    """Places of the best values among rows alike in `keys`, where there are two to compare."""
    values = rows.reset_index(drop=True)
    grouped = values.groupby(keys, sort=False)[column]
    best = grouped.transform("max" if best_is_high else "min")
    is_best = (values[column] == best) & (grouped.transform("count") > 1)
    return [place for place, chosen in enumerate(is_best) if chosen]


def _listed(value: Any) -> str:
    text = "" if pd.isna(value) else str(value).replace(";", ", ")
    return NORMALIZATIONS[text].title if text in NORMALIZATIONS else text or EMPTY


def _testing(testing: str, cohort: str) -> str:
    return f"{testing} †" if cohort == "external" else f"{testing}"


def _md(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*").replace("_", r"\_")


def _md_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _tex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _tex_row(cells: Sequence[str], bold: set[int] | None = None) -> str:
    marked = [
        rf"\textbf{{{_tex(cell)}}}" if place in (bold or set()) else _tex(cell)
        for place, cell in enumerate(cells)
    ]
    return " & ".join(marked) + r" \\"
