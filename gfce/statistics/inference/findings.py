"""findings.csv and findings.md: the paper's claims as the study reports them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.contract.columns import REASON
from gfce.contract.table import Column
from gfce.evaluation.metrics import metric_named
from gfce.evaluation.tables import METRIC
from gfce.files import records
from gfce.statistics.inference.claims import (
    CLAIM_COLUMNS,
    CLAIM_KEYS,
    DROPS,
    DROPS_LESS,
    EFFECT_COLUMNS,
    IMPROVES,
)
from gfce.statistics.inference.stability import ALL_SEEDS, stability
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.selection import where
from gfce.statistics.study_tables import StudyTable


def findings(study: ScoredStudy) -> pd.DataFrame:
    """Each claim and metric as the study reports it, and how far that stands.

    n_holds of n_analyses counts all rows of stability.csv that could be computed; n_seeds_holds of
    n_seeds those of single seeds with the study's scaling and the whole volume. `flips_with` names
    the choices that, changed alone, give the opposite answer.
    """
    keys = [*CLAIM_KEYS, "metric"]
    groups = study.once(stability).groupby(keys, sort=False, dropna=False)
    return TABLE.frame([_finding(study.config, group) for _, group in groups])


def _finding(config: StudyConfig, group: pd.DataFrame) -> dict[str, Any]:
    choices = {"scaling": config.evaluation.scaling, "region": "volume", "seed": ALL_SEEDS}
    reported = records(where(group, choices))[0]
    known = group[group["holds"].notna()]
    seeds = where(known, {name: choices[name] for name in ("scaling", "region")})
    seeds = seeds[seeds["seed"] != ALL_SEEDS]
    flips = [
        f"{name}={row[name]}"
        for name in choices
        for row in records(where(known, {n: v for n, v in choices.items() if n != name}))
        if row["holds"] != reported["holds"] and reported["holds"] is not None
    ]
    counts = {"n_analyses": len(known), "n_holds": int(known["holds"].astype(bool).sum())}
    counts |= {"n_seeds": len(seeds), "n_seeds_holds": int(seeds["holds"].astype(bool).sum())}
    return reported | counts | {"flips_with": ";".join(flips)}


def findings_text(table: pd.DataFrame) -> str:
    """The findings about printed metrics as lines of Markdown, for the end of a run."""
    rows = [row for row in records(table) if metric_named(row["metric"]).printed]
    return "\n".join(f"- {_sentence(row)}" for row in rows) + "\n"


def _sentence(row: dict[str, Any]) -> str:
    claims = {
        DROPS: f"All of {row['subject']} are worse at external institutions",
        IMPROVES: f"{row['subject']} is better externally than the mean of its uni models",
        DROPS_LESS: f"{row['subject']}: uni models drop less",
    }
    text = f"{claims[row['claim']]} ({metric_named(row['metric']).label}): "
    if pd.isna(row["effect_pct"]):
        return text + f"not known: {row['reason']}"
    answer = {True: "yes", False: "no"}[bool(row["holds"])]
    interval = f"[{row['ci95_low']:.2f}, {row['ci95_high']:.2f}]"
    text += f"{answer}, {row['effect_pct']:.2f} % "
    text += "(no interval)" if pd.isna(row["ci95_low"]) else interval
    return text + f"; holds in {row['n_holds']} of {row['n_analyses']} analyses"


def _count(name: str, meaning: str) -> Column:
    return Column(name, "integer", meaning, minimum=0)


TABLE = StudyTable(
    name="statistics/findings",
    title="The paper's claims in this study",
    key=(*CLAIM_KEYS, "metric"),
    columns=(
        *CLAIM_COLUMNS,
        METRIC,
        *EFFECT_COLUMNS,
        _count(
            "n_analyses", "Analyses of the claim and metric in stability.csv that could be computed"
        ),
        _count("n_holds", "Analyses in which the claim holds"),
        _count("n_seeds", "Single training seeds for which the claim could be computed"),
        _count("n_seeds_holds", "Single training seeds for which it holds"),
        Column(
            "flips_with",
            "string",
            "Choices that, changed alone, turn the answer round, parted by semicolons",
        ),
        REASON,
    ),
    make=findings,
    text=findings_text,
)
