"""repairs.csv: what each repair gains against none, and what is left of the drop."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gfce.contract.columns import MODEL, REASON, STRATIFIED, axes, interval_of, probability
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.evaluation.tables import METRIC
from gfce.files import records
from gfce.repairs.method import NONE
from gfce.statistics.inference.effects import Drop, RepairGain, rows_of
from gfce.statistics.inference.intervals import METHOD
from gfce.statistics.inference.paired_tests import paired_tests
from gfce.statistics.inference.scales import columns_of
from gfce.statistics.questions import REPAIRS
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.study import MODEL_KEYS

BETTER, WORSE, NOT_SHOWN = "better", "worse", "not shown"


def repair_gains(study: ScoredStudy) -> pd.DataFrame | None:
    """A row for each repaired model and metric, both models being tested on the same patients.

    None of a study without repairs.
    """
    rows = rows_of(study, RepairGain)
    if not rows:
        return None
    drops = {_place(row["effect"]): row for row in rows_of(study, Drop)}
    p = _adjusted(study.once(paired_tests))
    return TABLE.frame([_row(study, row, drops, p) for row in rows])


def _place(effect: Drop | RepairGain) -> tuple[str, str]:
    return effect.model.label, effect.metric.name


def _adjusted(tests: pd.DataFrame) -> dict[tuple[str, str], float]:
    """p_holm of family D by model and metric, institutions weighing the same as in Overall."""
    chosen = tests[(tests["family"] == "D") & (tests["scope"] == f"external{STRATIFIED}")]
    return {(row["model_a"], row["metric"]): row["p_holm"] for row in records(chosen)}


def _row(
    study: ScoredStudy,
    row: dict[str, Any],
    drops: dict[tuple[str, str], dict[str, Any]],
    p: dict[tuple[str, str], float],
) -> dict[str, Any]:
    effect: RepairGain = row["effect"]
    drop = drops[_place(effect)]
    return {
        **row,
        **effect.model.keys,
        "model_none": effect.plain.label,
        "external_none_mean": study.means.external(effect.plain, effect.metric),
        "external_mean": study.means.external(effect.model, effect.metric),
        "gain_pct": row["value"],
        "shown": _shown(row["ci95_low"], row["ci95_high"]),
        "p_holm": p.get(_place(effect)),
        "drop_left_pct": drop["value"],
        "drop_left_ci95_low": drop["ci95_low"],
        "drop_left_ci95_high": drop["ci95_high"],
    }


def _shown(low: float, high: float) -> str:
    """What an interval of a gain says; without one nothing is shown."""
    return BETTER if low > 0 else WORSE if high < 0 else NOT_SHOWN


def repairs_text(table: pd.DataFrame) -> str:
    """A line for each repair and tested metric: where its gain is shown, and the mean gain."""
    tested = [metric for metric in TESTED_METRICS if metric.printed]
    lines = [
        _line(str(repair), metric.label, rows)
        for metric in tested
        for repair, rows in table[table["metric"] == metric.name].groupby("repair", sort=False)
    ]
    return "".join(lines)


def _line(repair: str, metric: str, rows: pd.DataFrame) -> str:
    counts = rows["shown"].value_counts()
    listed = "; ".join(
        f"{row['model']} {row['gain_pct']:+.2f} % [{row['ci95_low']:.2f}, {row['ci95_high']:.2f}]"
        for row in records(rows)
    )
    better, worse = counts.get(BETTER, 0), counts.get(WORSE, 0)
    return (
        f"- Repair {repair} against none, external {metric} (positive is better): better is shown "
        f"of {better}, worse of {worse} of {len(rows)} models: {listed} (repairs.csv)\n"
    )


TABLE = StudyTable(
    name="statistics/repairs",
    title="What repairs gain, and what is left of the drop",
    key=("model", "metric"),
    columns=(
        MODEL,
        Column("model_none", "string", "The same model without a repair"),
        METRIC,
        Column(
            "external_none_mean",
            "number",
            f"Overall of the external test, repair {NONE}",
            UNIT_OF_METRIC,
        ),
        Column("external_mean", "number", "The same of the repaired model", UNIT_OF_METRIC),
        Column(
            "gain_pct",
            "number",
            "What the repair gains in percent of external_none_mean; positive: better",
            "%",
        ),
        *interval_of("gain_pct"),
        METHOD,
        *columns_of("external_none / external", "better"),
        Column(
            "shown",
            "string",
            "What the interval of gain_pct shows: above 0 (better), below 0 (worse), or neither",
            allowed=(BETTER, WORSE, NOT_SHOWN),
        ),
        probability("p_holm", "Of paired_tests.csv, family D, scope external_stratified"),
        Column(
            "drop_left_pct",
            "number",
            "Drop of the repaired model from internal to external, as in drops.csv",
            "%",
        ),
        Column("drop_left_ci95_low", "number", "Lower bound of its 95 % interval", "%"),
        Column("drop_left_ci95_high", "number", "Upper bound of its 95 % interval", "%"),
        *axes(MODEL_KEYS),
        REASON,
    ),
    make=repair_gains,
    answers={REPAIRS: repairs_text},
)
