"""The paper's claims, each with an effect that is positive when it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from gfce.contract.columns import axes, interval_of
from gfce.contract.table import Column
from gfce.files import records
from gfce.statistics.design import Model, normalization_title
from gfce.statistics.inference.effects import Difference, Drop, Improvement
from gfce.study import GROUP_KEYS

DROPS = "every_uni_model_drops"
IMPROVES = "pooled_improves_on_uni"
DROPS_LESS = "second_normalization_drops_less"
CLAIM_KEYS = ("claim", *GROUP_KEYS, "subject")
CLAIM_COLUMNS = (
    Column("claim", "string", "Claim of the paper", allowed=(DROPS, IMPROVES, DROPS_LESS)),
    *axes(GROUP_KEYS),
    Column("subject", "string", "What the claim is about"),
)
"""What identifies a claim about a study."""
EFFECT_COLUMNS = (
    Column(
        "effect_pct",
        "number",
        "Effect in percent (a difference of drops: percentage points); positive: the claim holds",
        "%",
    ),
    *interval_of("effect_pct"),
    Column("holds", "boolean", "Whether effect_pct is positive"),
    Column("certain", "boolean", "Whether the interval excludes 0"),
)
"""How large an effect is and whether the claim holds."""


def claims(estimates: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The claims that `effects.estimates` are about, as rows.

    - every_uni_model_drops: of a group's uni models; the effect is the smallest drop, of the model
      in `weakest`, with that model's interval;
    - pooled_improves_on_uni: of a pooled model; the improvement of table 4;
    - second_normalization_drops_less: the Overall drop of the first normalization less that of
      the second, in percentage points (paper: Min-Max less Z-Score).
    """
    rows = records(estimates)
    for group in _by_group([row for row in rows if _is_uni_drop(row)]):
        yield _weakest(group)
    for row in rows:
        effect = row["effect"]
        if isinstance(effect, Improvement):
            yield _claim(IMPROVES, effect.label, row)
        if isinstance(effect, Difference):
            first, second = (_title(models[0]) for models in (effect.first, effect.second))
            yield _claim(DROPS_LESS, f"{second} against {first}", row)


def _title(model: Model) -> str:
    return normalization_title(model.cell.normalization)


def _is_uni_drop(row: dict[str, Any]) -> bool:
    effect = row["effect"]
    return isinstance(effect, Drop) and not effect.model.is_pooled


def _by_group(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    by_group: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        effect = row["effect"]
        by_group.setdefault((effect.metric.name, *effect.model.group), []).append(row)
    return list(by_group.values())


def _weakest(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The claim about all uni models of a group; open while the drop of one is not known."""
    unknown = [row for row in rows if np.isnan(row["value"])]
    row = (unknown or sorted(rows, key=lambda row: row["value"]))[0]
    labels = ", ".join(row["effect"].label for row in rows)
    return _claim(DROPS, labels, row) | {"weakest": row["effect"].label}


def _claim(name: str, subject: str, row: dict[str, Any]) -> dict[str, Any]:
    effect = row["effect"]
    known, has_interval = not np.isnan(row["value"]), not np.isnan(row["ci95_low"])
    return {
        "claim": name,
        **effect.group_keys,
        "subject": subject,
        "metric": effect.metric.name,
        "effect_pct": row["value"],
        "ci95_low": row["ci95_low"],
        "ci95_high": row["ci95_high"],
        "holds": row["value"] > 0 if known else None,
        "certain": bool(row["ci95_low"] > 0 or row["ci95_high"] < 0) if has_interval else None,
        "reason": row["reason"],
    }
