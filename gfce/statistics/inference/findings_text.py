"""Sentences that may be quoted: what the study shows of each of the paper's claims.

Direction, size, interval, numbers of patients and institutions, and how far it stands; what it does
not show stands in its question. docs/statistics.md ("Findings") has the rule of what may be said.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from gfce.evaluation.metrics import metric_named
from gfce.files import records
from gfce.statistics.inference.claims import DROPS, DROPS_LESS, IMPROVES
from gfce.statistics.inference.scales import LOG_RATIO
from gfce.statistics.inference.verdicts import NOT_SHOWN, OPPOSITE, SHOWN, UNKNOWN
from gfce.statistics.questions import DROP, NORMALIZATION, POOLING
from gfce.study import METHOD_KEYS

DIGITS = 3
"""Significant digits of a printed number."""
SIZES = {
    DROPS: "smallest drop",
    IMPROVES: "improvement",
    DROPS_LESS: "difference of the mean drops",
}
ASKED = {DROPS: DROP, IMPROVES: POOLING, DROPS_LESS: NORMALIZATION}
"""The question that a claim answers."""


def findings_text(table: pd.DataFrame, claim: str | None = None) -> str:
    """The findings about printed metrics (and a claim) as a list in Markdown."""
    rows = [
        row
        for row in records(table)
        if metric_named(row["metric"]).printed and claim in (None, row["claim"])
    ]
    methods = [key for key in METHOD_KEYS if len(set(table[key])) > 1]
    return "".join(f"- {_sentences(row, methods)}\n" for row in rows)


def _sentences(row: dict[str, Any], methods: list[str]) -> str:
    claim = _claim(row) + "".join(f" ({key} {row[key]})" for key in methods)
    if row["verdict"] == UNKNOWN:
        size = _size(row)
        text = f"**Not known** whether {claim}: {row['reason']}."
        return text if pd.isna(row["effect_pct"]) else f"{text} {size[0].upper()}{size[1:]}."
    return f"{_level(row)} {claim}: {_size(row)} ({_sample(row)}). {_stability(row)}"


def _level(row: dict[str, Any]) -> str:
    """The strongest thing that may be said: without a limit only if all analyses say it."""
    if row["verdict"] == NOT_SHOWN:
        return "**Not shown** that"
    is_shown = row["verdict"] == SHOWN
    said = "Shown" if is_shown else "The opposite is shown"
    if row["n_shown" if is_shown else "n_opposite"] == row["n_analyses"]:
        return f"**{said}:**"
    changes = _words(row["verdict_changes_with"]) or "every combination of choices"
    return f"**{said}, but not under {changes}:**"


def _claim(row: dict[str, Any]) -> str:
    metric, gains = metric_named(row["metric"]), row["verdict"] != OPPOSITE
    better, worse = ("higher", "lower") if metric.higher_is_better == gains else ("lower", "higher")
    if row["claim"] == DROPS:
        have, own = ("each have", "their") if _is_of_several(row) else ("has", "its")
        return f"{row['subject']} {have} a {worse} {metric.label} externally than at {own} own site"
    if row["claim"] == IMPROVES:
        mean = "the mean of its uni models"
        return f"{row['subject']} has a {better} {metric.label} externally than {mean}"
    less, named = "less" if gains else "more", row["subject"].replace(" against ", " than with ")
    return f"uni models lose {less} in {metric.label} from internal to external test with {named}"


def _is_of_several(row: dict[str, Any]) -> bool:
    return row["claim"] == DROPS and ", " in row["subject"]


def _size(row: dict[str, Any]) -> str:
    """The effect, first on the scale on which its metric is read."""
    points = "percentage points" if row["claim"] == DROPS_LESS else "%"
    percent = _with_interval(row, ("effect_pct", "ci95_low", "ci95_high"), points)
    bounds = ("effect", "effect_ci95_low", "effect_ci95_high")
    if row["scale"] == LOG_RATIO.name:
        ratios = row | {name: math.exp(row[name]) for name in bounds}
        kind = "ratio of the ratios" if row["claim"] == DROPS_LESS else "ratio"
        both = f"{percent}, as a {kind} {_with_interval(ratios, bounds)}"
    else:
        unit = metric_named(row["metric"]).unit
        both = f"{_with_interval(row, bounds, '' if unit == '1' else unit)}, that is {percent}"
    hull = "; the intervals span those of all models" if _is_of_several(row) else ""
    return f"{SIZES[row['claim']]} {both}{hull}"


def _with_interval(row: dict[str, Any], names: tuple[str, str, str], unit: str = "") -> str:
    value, low, high = (row[name] for name in names)
    unit = f" {unit}" if unit else ""
    if math.isnan(value):
        return "not known"
    if math.isnan(low) or math.isnan(high):
        return f"{_number(value)}{unit} without interval"
    return f"{_number(value)}{unit} [{_number(low)}, {_number(high)}]"


def _number(value: float) -> str:
    """Significant digits, so that no bound is printed as 0 unless it is."""
    size = math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{max(0, DIGITS - 1 - size)}f}"


def _sample(row: dict[str, Any]) -> str:
    trainings = f"mean of {row['n_seeds']} trainings" if row["n_seeds"] else "one training"
    places = "institution" if row["n_institutions"] == 1 else "institutions"
    return (
        f"{row['n_patients']} patients of {row['n_institutions']} {places}; {trainings} per model"
    )


def _stability(row: dict[str, Any]) -> str:
    points = "percentage points" if row["claim"] == DROPS_LESS else "%"
    turned = f" (the sign turns under {_words(row['flips_with'])})" if row["flips_with"] else ""
    return (
        f"Positive in {row['n_holds']} of {row['n_analyses']} analyses{turned}; the smallest "
        f"effect is {_number(row['smallest_effect_pct'])} {points} "
        f"({_words(row['smallest_effect_pct_with'])})."
    )


def _words(choices: str) -> str:
    """Choices as columns have them, in words."""
    return choices.replace("=", " ").replace(";", ", ")
