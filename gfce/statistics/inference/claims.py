"""The paper's claims, each with an effect that is positive when it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from gfce.contract.columns import axes
from gfce.contract.table import Column
from gfce.files import records
from gfce.statistics.design import Model, normalization_title
from gfce.statistics.inference.effects import (
    Difference,
    Drop,
    Effect,
    Improvement,
    OverallDrop,
)
from gfce.statistics.inference.scales import PERCENT
from gfce.statistics.inference.verdicts import verdict
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
EFFECT_PCT = Column(
    "effect_pct",
    "number",
    "Effect in percent (a difference of drops: percentage points), empty on another scale; "
    "positive: the claim holds",
    "%",
)
HOLDS = Column("holds", "boolean", "Whether the effect is positive")
CERTAIN = Column("certain", "boolean", "Whether the interval excludes 0")
SAMPLE_COLUMNS = (
    Column("n_patients", "integer", "Patients that the effect is made of", minimum=0),
    Column("n_institutions", "integer", "Institutions that these are of", minimum=0),
)


def claims(estimates: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The claims that `effects.estimates` are about, as rows.

    - every_uni_model_drops: of a group's uni models; the effect is the smallest drop, of the model
      in `weakest`. The interval reaches from the lowest of the models' lower bounds to the highest
      of their upper ones: that all models drop is shown where every one does, and so is that all
      gain (intersection-union test, Berger 1982);
    - pooled_improves_on_uni: of a pooled model; the improvement of table 4;
    - second_normalization_drops_less: the Overall drop of the first normalization less that of
      the second (paper: Min-Max less Z-Score; in percent: percentage points).
    """
    rows = records(estimates)
    for group in _by_group([row for row in rows if _is_of_unis(row["effect"])]):
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


def _is_of_unis(effect: Effect) -> bool:
    is_drop = isinstance(effect, Drop) and not effect.model.is_pooled
    return is_drop or isinstance(effect, OverallDrop)


def _by_group(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    by_group: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        effect = row["effect"]
        key = (effect.metric.name, effect.scale.name, *effect.group_keys.values())
        by_group.setdefault(key, []).append(row)
    return list(by_group.values())


def _weakest(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The claim about all uni models of a group; open while the drop of one is not known.

    Args:
        rows: their drops and, if there are several, the Overall drop, which is of all patients.
    """
    drops = [row for row in rows if isinstance(row["effect"], Drop)]
    unknown = [row for row in drops if np.isnan(row["value"])]
    row = (unknown or sorted(drops, key=lambda row: row["value"]))[0]
    without = [row for row in drops if np.isnan(row["ci95_low"])]
    labels = ", ".join(row["effect"].label for row in drops)
    of_all = {
        # NaN if one is: min() would overlook it.
        "ci95_low": float(np.min([row["ci95_low"] for row in drops])),
        "ci95_high": float(np.max([row["ci95_high"] for row in drops])),
        "reason": (unknown or without or [row])[0]["reason"],
        "n_patients": rows[-1]["n_patients"],
        "n_institutions": rows[-1]["n_institutions"],
    }
    return _claim(DROPS, labels, row | of_all) | {"weakest": row["effect"].label}


def _claim(name: str, subject: str, row: dict[str, Any]) -> dict[str, Any]:
    effect = row["effect"]
    known, has_interval = not np.isnan(row["value"]), not np.isnan(row["ci95_low"])
    copied = ("ci95_low", "ci95_high", "n_patients", "n_institutions", "reason")
    return {
        "claim": name,
        **effect.group_keys,
        "subject": subject,
        "metric": effect.metric.name,
        "scale": effect.scale.name,
        "effect_pct": row["value"] if effect.scale == PERCENT else None,
        "effect": row["value"],
        **{column: row[column] for column in copied},
        "holds": row["value"] > 0 if known else None,
        "certain": bool(row["ci95_low"] > 0 or row["ci95_high"] < 0) if has_interval else None,
        "verdict": verdict(row["ci95_low"], row["ci95_high"]),
    }
