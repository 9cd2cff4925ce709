"""The paper's claims, and whether they survive the analyst's choices and the training seeds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from gfce.config import StudyConfig
from gfce.files import records
from gfce.images.normalizations import NORMALIZATIONS
from gfce.statistics.aggregation import patient_scores
from gfce.statistics.design import Model
from gfce.statistics.effects import Effect, estimates

CLAIM_DROPS = "every_uni_model_drops"
CLAIM_IMPROVES = "pooled_improves_on_uni"
CLAIM_DROPS_LESS = "second_normalization_drops_less"
SEED_RESAMPLES = 999
"""At most so many bootstrap resamples for an analysis of a single seed, of which there are many."""
ALL_SEEDS = "all"
"""Stands in the column `seed` where every patient's score is the mean over the seeds."""
CHOICES = ["scaling", "region", "metric", "seed"]
CLAIM_KEYS = ["claim", "network", "normalization", "subject"]
COLUMNS = [
    *CLAIM_KEYS, *CHOICES, "weakest", "effect_pct", "ci95_low", "ci95_high", "holds", "certain",
    "reason",
]  # fmt: skip
SUMMARY_COLUMNS = [
    *CLAIM_KEYS, "metric", "effect_pct", "ci95_low", "ci95_high", "holds", "certain", "n_analyses",
    "n_holds", "n_seeds", "n_seeds_holds", "flips_with", "reason",
]  # fmt: skip


def stability(config: StudyConfig, metrics: pd.DataFrame) -> pd.DataFrame:
    """stability.csv: each claim under each scaling, region, metric and seed.

    Claims (every one with an effect that is positive when it holds):

    - every_uni_model_drops: of a network and normalization; the effect is the smallest drop, of
      the model in `weakest`, with that model's interval;
    - pooled_improves_on_uni: of a pooled model; the improvement of table 4;
    - second_normalization_drops_less: the Overall drop of the first normalization less that of
      the second, in percentage points (paper: Min-Max less Z-Score).

    Ordered by scaling, region and seed, the study's own choices first.
    """
    rows = [
        claim | choices for choices, found in _analyses(config, metrics) for claim in _claims(found)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _analyses(
    config: StudyConfig, metrics: pd.DataFrame
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    own = config.evaluation.scaling
    scalings = [own, *sorted(set(metrics["scaling"]) - {own})]
    regions = ["volume", *sorted(set(metrics["region"]) - {"volume"})]
    seeds = config.grid.seeds if len(config.grid.seeds) > 1 else []
    few = min(config.statistics.bootstrap_resamples, SEED_RESAMPLES)
    for scaling, region in product(scalings, regions):
        chosen = _where(metrics, {"scaling": scaling, "region": region})
        choices: dict[str, Any] = {"scaling": scaling, "region": region}
        yield (
            choices | {"seed": ALL_SEEDS},
            estimates(config, patient_scores(chosen, scaling, region)),
        )
        for seed in seeds:
            scores = patient_scores(chosen, scaling, region, seed)
            yield choices | {"seed": seed}, estimates(config, scores, few)


def _claims(found: pd.DataFrame) -> Iterator[dict[str, Any]]:
    rows = [row | {"metric": row["effect"].metric.name} for row in records(found)]
    for group in _by_group([row for row in rows if _is_uni_drop(row["effect"])]):
        yield _weakest(group)
    for row in rows:
        effect: Effect = row["effect"]
        if effect.kind == "improvement":
            yield _claim(CLAIM_IMPROVES, effect.label, row)
        if effect.kind == "difference":
            first, second = (effect.models[i].normalization for i in (0, -1))
            subject = f"{_title(second)} against {_title(first)}"
            yield _claim(CLAIM_DROPS_LESS, subject, row) | {"normalization": second}


def _is_uni_drop(effect: Effect) -> bool:
    return effect.kind == "drop" and len(effect.models) == 1 and not effect.models[0].is_pooled


def _by_group(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["metric"], *row["effect"].models[0].group), []).append(row)
    return list(groups.values())


def _weakest(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The claim about all uni models of a group; open while the drop of one is not known."""
    unknown = [row for row in rows if np.isnan(row["value"])]
    row = (unknown or sorted(rows, key=lambda row: row["value"]))[0]
    labels = ", ".join(row["effect"].label for row in rows)
    return _claim(CLAIM_DROPS, labels, row) | {"weakest": row["effect"].label}


def _claim(name: str, subject: str, row: dict[str, Any]) -> dict[str, Any]:
    model: Model = row["effect"].models[0]
    known, has_interval = not np.isnan(row["value"]), not np.isnan(row["ci95_low"])
    return {
        "claim": name,
        "network": model.network,
        "normalization": model.normalization,
        "subject": subject,
        "metric": row["metric"],
        "effect_pct": row["value"],
        "ci95_low": row["ci95_low"],
        "ci95_high": row["ci95_high"],
        "holds": row["value"] > 0 if known else None,
        "certain": bool(row["ci95_low"] > 0 or row["ci95_high"] < 0) if has_interval else None,
        "reason": row["reason"],
    }


def _title(normalization: str) -> str:
    return NORMALIZATIONS[normalization].title if normalization in NORMALIZATIONS else normalization


def summary(config: StudyConfig, table: pd.DataFrame) -> pd.DataFrame:
    """findings.csv: each claim and metric as the study reports it, and how far that stands.

    n_holds of n_analyses counts all rows of stability.csv that could be computed; n_seeds_holds of
    n_seeds those of single seeds with the study's scaling and the whole volume. `flips_with` names
    the choices that, changed alone, turn the answer round.
    """
    groups = table.groupby([*CLAIM_KEYS, "metric"], sort=False, dropna=False)
    rows = [_finding(config, group) for _, group in groups]
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def _finding(config: StudyConfig, group: pd.DataFrame) -> dict[str, Any]:
    own = {"scaling": config.evaluation.scaling, "region": "volume", "seed": ALL_SEEDS}
    reported = records(_where(group, own))[0]
    known = group[group["holds"].notna()]
    seeds = _where(known, {name: own[name] for name in ("scaling", "region")})
    seeds = seeds[seeds["seed"] != ALL_SEEDS]
    flips = [
        f"{name}={row[name]}"
        for name in own
        for row in records(_where(known, {n: v for n, v in own.items() if n != name}))
        if row["holds"] != reported["holds"] and reported["holds"] is not None
    ]
    counts = {"n_analyses": len(known), "n_holds": int(known["holds"].astype(bool).sum())}
    counts |= {"n_seeds": len(seeds), "n_seeds_holds": int(seeds["holds"].astype(bool).sum())}
    return reported | counts | {"flips_with": ";".join(flips)}


def _where(table: pd.DataFrame, values: dict[str, Any]) -> pd.DataFrame:
    chosen = np.ones(len(table), dtype=bool)
    for column, value in values.items():
        chosen &= (table[column] == value).to_numpy(bool)
    return table[chosen]


def findings_text(findings: pd.DataFrame) -> str:
    """The findings as lines of Markdown, for the end of a run."""
    return "\n".join(f"- {_sentence(row)}" for row in records(findings)) + "\n"


def _sentence(row: dict[str, Any]) -> str:
    claims = {
        CLAIM_DROPS: f"All of {row['subject']} are worse at external institutions",
        CLAIM_IMPROVES: f"{row['subject']} is better externally than the mean of its uni models",
        CLAIM_DROPS_LESS: f"{row['subject']}: uni models drop less",
    }
    text = f"{claims[row['claim']]} ({row['metric'].split('_')[0].upper()}): "
    if pd.isna(row["effect_pct"]):
        return text + f"not known: {row['reason']}"
    answer = {True: "yes", False: "no"}[bool(row["holds"])]
    interval = f"[{row['ci95_low']:.2f}, {row['ci95_high']:.2f}]"
    text += f"{answer}, {row['effect_pct']:.2f} % "
    text += "(no interval)" if pd.isna(row["ci95_low"]) else interval
    return text + f"; holds in {row['n_holds']} of {row['n_analyses']} analyses"
