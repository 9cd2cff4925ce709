"""findings.csv: the paper's claims as the study reports them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.contract.columns import REASON, interval_of
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.tables import METRIC
from gfce.files import records
from gfce.statistics.inference.claims import (
    CERTAIN,
    CLAIM_COLUMNS,
    CLAIM_KEYS,
    EFFECT_PCT,
    HOLDS,
    SAMPLE_COLUMNS,
)
from gfce.statistics.inference.findings_text import ASKED, findings_text
from gfce.statistics.inference.scales import PERCENT, SCALE, bounds_of
from gfce.statistics.inference.stability import ALL_SEEDS, stability
from gfce.statistics.inference.verdicts import OPPOSITE, SHOWN, UNKNOWN, agreed, verdict_column
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.selection import where
from gfce.statistics.study_tables import StudyTable


def findings(study: ScoredStudy) -> pd.DataFrame:
    """Each claim and metric as the study reports it, and how far that stands.

    The counts are of the rows of stability.csv: n_holds of n_analyses of those that could be
    computed, n_seeds_holds of n_seeds of single seeds in percent with the study's scaling and the
    whole volume.
    """
    keys = [*CLAIM_KEYS, "metric"]
    groups = study.once(stability).groupby(keys, sort=False, dropna=False)
    return TABLE.frame([_finding(study.config, group) for _, group in groups])


def _finding(config: StudyConfig, group: pd.DataFrame) -> dict[str, Any]:
    choices = {
        "scaling": config.evaluation.scaling,
        "region": "volume",
        "seed": ALL_SEEDS,
        "scale": PERCENT.name,
    }
    reported = where(group, {name: choices[name] for name in ("scaling", "region", "seed")})
    percent, own = records(reported)
    known = group[group["holds"].notna()]
    return (
        percent
        | {"verdict": agreed([percent["verdict"], own["verdict"]])}
        | {"reason": percent["reason"] or own["reason"]}
        | _on_own_scale(own)
        | _counts(known, choices)
        | _turned(known, percent, choices)
        | _smallest(known[known["scale"] == PERCENT.name], "smallest_effect_pct")
        | _smallest(known[known["scale"] == own["scale"]], "smallest_effect")
    )


def _on_own_scale(row: dict[str, Any]) -> dict[str, Any]:
    bounds = {f"effect_{bound}": row[bound] for bound in ("ci95_low", "ci95_high")}
    return {"scale": row["scale"], "effect": row["effect"]} | bounds


def _counts(known: pd.DataFrame, choices: dict[str, str]) -> dict[str, int]:
    seeds = where(known, {name: value for name, value in choices.items() if name != "seed"})
    seeds = seeds[seeds["seed"] != ALL_SEEDS]
    return {
        "n_analyses": len(known),
        "n_holds": _holding(known),
        "n_shown": int((known["verdict"] == SHOWN).sum()),
        "n_opposite": int((known["verdict"] == OPPOSITE).sum()),
        "n_seeds": len(seeds),
        "n_seeds_holds": _holding(seeds),
    }


def _holding(rows: pd.DataFrame) -> int:
    return int(rows["holds"].astype(bool).sum())


def _turned(
    known: pd.DataFrame, reported: dict[str, Any], choices: dict[str, str]
) -> dict[str, str]:
    """The choices that, changed alone, have another sign or another verdict."""
    changed = [
        (f"{name}={row[name]}", row)
        for name in choices
        for row in records(where(known, {n: v for n, v in choices.items() if n != name}))
        if row[name] != choices[name] and not pd.isna(reported["holds"])
    ]
    flips = [choice for choice, row in changed if row["holds"] != reported["holds"]]
    others = [
        choice
        for choice, row in changed
        if row["verdict"] not in (reported["verdict"], UNKNOWN) and reported["verdict"] != UNKNOWN
    ]
    return {"flips_with": ";".join(flips), "verdict_changes_with": ";".join(others)}


def _smallest(known: pd.DataFrame, name: str) -> dict[str, Any]:
    """The smallest effect of some analyses and the choices that it is had with."""
    if known.empty:
        return {}
    row = records(known.sort_values("effect", kind="stable"))[0]
    choices = (f"{choice}={row[choice]}" for choice in ("scaling", "region", "seed"))
    return {name: row["effect"], f"{name}_with": ";".join(choices)}


def _count(name: str, meaning: str) -> Column:
    return Column(name, "integer", meaning, minimum=0)


def _smallest_columns(name: str, scale: str, unit: str) -> tuple[Column, Column]:
    return (
        Column(name, "number", f"Smallest effect over the analyses, {scale}", unit),
        Column(f"{name}_with", "string", f"The choices that {name} is had with"),
    )


_EFFECT = Column(
    "effect",
    "number",
    "Effect on the metric's own scale, of which `scale` is the name; positive: the claim holds",
    f"1 of a log_ratio, else {UNIT_OF_METRIC}",
)
TABLE = StudyTable(
    name="statistics/findings",
    title="The paper's claims in this study",
    key=(*CLAIM_KEYS, "metric"),
    columns=(
        *CLAIM_COLUMNS,
        METRIC,
        EFFECT_PCT,
        *interval_of("effect_pct"),
        HOLDS,
        CERTAIN,
        verdict_column(
            "What may be said. shown: the intervals of effect_pct and of effect lie above 0; "
            "opposite: both below 0; unknown: one is missing; not shown: anything else"
        ),
        SCALE,
        _EFFECT,
        *bounds_of(_EFFECT),
        *SAMPLE_COLUMNS,
        _count(
            "n_analyses",
            "Analyses of the claim and metric in stability.csv that could be computed. They share "
            "patients and are not independent",
        ),
        _count("n_holds", "Analyses in which the claim holds"),
        _count("n_shown", "Analyses whose own interval lies above 0"),
        _count("n_opposite", "Analyses whose own interval lies below 0"),
        _count("n_seeds", "Single training seeds for which the claim could be computed"),
        _count("n_seeds_holds", "Single training seeds for which it holds"),
        Column(
            "flips_with",
            "string",
            "Choices that, changed alone, turn the answer round, parted by semicolons",
        ),
        Column(
            "verdict_changes_with",
            "string",
            "Choices that, changed alone, have another verdict than the reported effect in "
            "percent, parted by semicolons",
        ),
        *_smallest_columns("smallest_effect_pct", "in percent", "%"),
        *_smallest_columns("smallest_effect", "on the metric's own scale", _EFFECT.unit),
        REASON,
    ),
    make=findings,
    answers={question: partial(findings_text, claim=claim) for claim, question in ASKED.items()},
)
