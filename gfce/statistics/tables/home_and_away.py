"""The printed table of home and away: each institution's own model beside those from elsewhere."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gfce.contract.columns import MODEL, OVERALL, TESTING, N, axes, probability
from gfce.contract.table import Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.files import records
from gfce.statistics.inference.home_and_away import is_decibel
from gfce.statistics.inference.transfer import FAMILY, loss_of, transfer
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.render import EMPTY, Printed, shown
from gfce.statistics.tables.sheet import PrintedTable, Sheet
from gfce.study import GROUP_KEYS, METHOD_KEYS

CAPTION = "Home and away. Loss by transfer alone, on the held-out patients of each institution"
NOTE = (
    "Home: the model trained at the institution alone; away: mean of the single-institution models "
    "trained elsewhere, on the same patients. Loss [95 % interval]: geometric mean over patients "
    "of away / home, less 1; in dB, mean of home - away. Positive is worse away. Overall: "
    "unweighted mean over the institutions above. * Holm-adjusted p < 0.05."
)
NO_ROWS = "the grid has no two models of a single institution each"
_KEYS = ["metric", *GROUP_KEYS, "institution"]


def home_and_away_sheets(study: ScoredStudy) -> list[Sheet]:
    """A row for each institution with a model of its own, and Overall, for each group."""
    table = study.once(transfer)
    found = records(table[table["family"] == FAMILY])
    by_place: dict[tuple[Any, ...], dict[str, dict[str, Any]]] = {}
    for row in found:
        place = tuple(row[key] for key in (*GROUP_KEYS, "institution"))
        by_place.setdefault(place, {})[row["metric"]] = row
    rows = TABLE.frame([_row(by_metric) for by_metric in by_place.values()])
    reasons = {tuple(row[key] for key in _KEYS): row["reason"] for row in found}

    def why_empty(row: dict[str, Any], column: str) -> str:
        metric = next(m for m in TESTED_METRICS if column in {c.name for c in _columns(m)})
        key = (metric.name, *(row[name] for name in GROUP_KEYS), row["testing"])
        return reasons[key] or "not defined"

    return [Sheet("home_and_away", rows, _print(rows), why_empty, NO_ROWS)]


def _row(by_metric: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The row of one institution: what the rows of transfer.csv say of each metric."""
    first = by_metric[TESTED_METRICS[0].name]
    is_overall = first["institution"] == OVERALL
    row = {key: first[key] for key in GROUP_KEYS} | {
        "model": OVERALL if is_overall else first["model_home"],
        "testing": first["institution"],
        "n": first["n"],
    }
    for metric in TESTED_METRICS:
        found = by_metric[metric.name]
        values = [found["mean_home"], found["mean_away"], loss_of(found, metric)]
        values += [found["ci95_low"], found["ci95_high"], found["p_holm"]]
        row |= {c.name: value for c, value in zip(_columns(metric), values, strict=True)}
    return row


def _columns(metric: Metric) -> tuple[Column, ...]:
    """The columns of a metric: at home, away, loss, its interval, p."""
    stem, unit = metric.stem, "dB" if is_decibel(metric) else "%"
    loss = f"{stem}_loss_{'db' if is_decibel(metric) else 'pct'}"
    means = (
        Column(
            f"{stem}_{where}{metric.unit_suffix}",
            "number",
            f"Mean {metric.label} {meaning}",
            metric.unit,
            minimum=metric.smallest,
            maximum=metric.largest,
        )
        for where, meaning in (
            ("home", "of the own model"),
            ("away", "of the models trained elsewhere, on the same patients"),
        )
    )
    return (
        *means,
        Column(loss, "number", f"Loss of {metric.label} by transfer; positive: worse away", unit),
        *(
            Column(f"{loss}_ci95_{end}", "number", f"{word} bound of its 95 % interval", unit)
            for end, word in (("low", "Lower"), ("high", "Upper"))
        ),
        probability(f"{stem}_p_holm", "Holm-adjusted p of the loss"),
    )


def _print(rows: pd.DataFrame) -> Printed:
    printed = [metric for metric in TESTED_METRICS if metric.printed]
    cells = [
        [*(shown(row[key], key) for key in ("normalization", "testing")), str(row["n"])]
        + [text for metric in printed for text in _cells(row, metric)]
        for row in records(rows)
    ]
    header = ["Normalization", "Testing", "n"]
    for metric in printed:
        unit = "dB" if is_decibel(metric) else "%"
        header += [f"{metric.title} home", "away", f"loss ({unit})"]
    rules = {number + 1 for number, name in enumerate(rows["testing"]) if name == OVERALL}
    return Printed(CAPTION, header, cells, rules=rules - {len(rows)}, notes=[NOTE], text_columns=2)


def _cells(row: dict[str, Any], metric: Metric) -> list[str]:
    home, away, loss, low, high, p = (row[column.name] for column in _columns(metric))
    means = (
        EMPTY if pd.isna(mean) else f"{mean * metric.print_factor:.{metric.decimals}f}"
        for mean in (home, away)
    )
    if pd.isna(loss):
        return [*means, EMPTY]
    text = f"{loss:.2f}" + ("" if pd.isna(low) else f" [{low:.2f}, {high:.2f}]")
    return [*means, (text + "*" * bool(p < 0.05)).replace("-", "−")]


TABLE = PrintedTable(
    name="tables/home_and_away",
    title="Loss by transfer alone, institution by institution",
    key=(*GROUP_KEYS, "testing"),
    columns=(
        *axes(["normalization"]),
        MODEL,
        TESTING,
        N,
        *(column for metric in TESTED_METRICS for column in _columns(metric)),
        *axes(METHOD_KEYS),
    ),
    sheets=home_and_away_sheets,
)
