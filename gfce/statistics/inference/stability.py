"""stability.csv: whether the paper's claims survive the analyst's choices and the seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pandas as pd

from gfce.contract.columns import CI95_HIGH, CI95_LOW, REASON, REGION, SCALING, SEED, model_labels
from gfce.contract.table import Column
from gfce.evaluation.tables import METRIC
from gfce.statistics.inference.claims import (
    CERTAIN,
    CLAIM_COLUMNS,
    CLAIM_KEYS,
    EFFECT_PCT,
    HOLDS,
    SAMPLE_COLUMNS,
    claims,
)
from gfce.statistics.inference.effects import estimates
from gfce.statistics.inference.scales import SCALE
from gfce.statistics.inference.verdicts import verdict_column
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.selection import where
from gfce.statistics.study_tables import StudyTable

SEED_RESAMPLES = 999
"""At most so many bootstrap resamples for an analysis of a single seed, of which there are many."""
ALL_SEEDS = "all"
"""Stands in the column `seed` where every patient's score is the mean over the seeds."""


def stability(study: ScoredStudy) -> pd.DataFrame:
    """Each of `claims` under each scaling, region, metric, seed and scale of the effect.

    Ordered by scaling, region and seed, the study's own choices first.
    """
    rows = [claim | choices for choices, table in _analyses(study) for claim in claims(table)]
    return TABLE.frame(rows)


def _analyses(study: ScoredStudy) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Each choice of scores with the estimates from them."""
    reported = study.config.evaluation.scaling
    scalings = [reported, *sorted(set(study.metrics["scaling"]) - {reported})]
    regions = ["volume", *sorted(set(study.metrics["region"]) - {"volume"})]
    seeds = study.config.grid.seeds if len(study.config.grid.seeds) > 1 else []
    few = min(study.config.statistics.bootstrap_resamples, SEED_RESAMPLES)
    for scaling, region in product(scalings, regions):
        choices: dict[str, Any] = {"scaling": scaling, "region": region}
        analysis = study
        if (scaling, region) != (reported, "volume"):
            analysis = replace(study, all_metrics=where(study.all_metrics, choices), **choices)
        yield choices | {"seed": ALL_SEEDS}, analysis.once(estimates)
        for seed in seeds:
            yield choices | {"seed": seed}, estimates(replace(analysis, seed=seed), few)


OF_SCALE = "unit of the scale"
TABLE = StudyTable(
    name="statistics/stability",
    title="The paper's claims under every choice of analysis",
    key=(*CLAIM_KEYS, "metric", "scaling", "region", "seed", "scale"),
    columns=(
        *CLAIM_COLUMNS,
        SCALING,
        REGION,
        METRIC,
        SEED,
        Column("weakest", "string", "The uni model with the smallest drop", allowed=model_labels),
        EFFECT_PCT,
        *(replace(bound, unit=OF_SCALE) for bound in (CI95_LOW, CI95_HIGH)),
        HOLDS,
        CERTAIN,
        SCALE,
        Column(
            "effect", "number", "Effect on the row's scale; positive: the claim holds", OF_SCALE
        ),
        verdict_column(
            "What the interval shows. shown: it lies above 0; opposite: below 0; "
            "not shown: neither; unknown: there is none"
        ),
        *SAMPLE_COLUMNS,
        REASON,
    ),
    make=stability,
)
