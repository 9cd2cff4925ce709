"""The rows of dissection.csv, from the errors of all examinations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from gfce.config import StudyConfig
from gfce.dissection.factors import FACTORS
from gfce.dissection.measuring import Measured
from gfce.dissection.shapley import alone, gap, last, monte_carlo_error, shapley_draws
from gfce.dissection.table import METRIC
from gfce.dissection.who import asked
from gfce.study import Cell, model_label

NO_DIFFERENCE = "both protocols have the same"
NO_DROP = "v(all) is not below v(none): there is no drop to share"
_SHARED = ("one_at_a_time", "last_one", "shapley", "shapley_se", "shapley_sd", "share_pct")


def dissection_rows(
    config: StudyConfig, cell: Cell, measured: Sequence[Measured], internal: float
) -> list[dict[str, Any]]:
    """The rows of one model at one institution, a row for each factor that was asked for.

    Args:
        config: the study.
        cell: the model.
        measured: of the institution's patients, one or more; their plans have the same players.
        internal: the model's mean on its internal test patients.
    """
    parts = [(each.examinations.plan, each.errors[cell]) for each in measured]
    first = measured[0].examinations
    ends = [(values[frozenset()], values[frozenset(plan.players)]) for plan, values in parts]
    none, everything = np.mean(ends, axis=0)
    common = {
        **asdict(cell),
        "model": model_label(config, cell),
        "institution": first.own.name,
        "metric": METRIC.name,
        "internal": internal,
        "none": none,
        "all": everything,
        "gap": np.mean([gap(*part) for part in parts]),
        "n_patients": len(parts),
        "n_orders": len(first.plan.orders),
        "n_evaluations": sum(len(plan.coalitions) for plan, _ in parts),
    }
    shares = _shares(measured, cell, common["gap"])
    same = {**dict.fromkeys(_SHARED, 0.0), "reason": NO_DIFFERENCE}
    _, dissection = asked(config)
    wanted = [name for name in FACTORS if name in (dissection.factors or FACTORS)]
    return [common | {"factor": name} | shares.get(name, same) for name in wanted]


def _shares(measured: Sequence[Measured], cell: Cell, whole: float) -> dict[str, dict[str, Any]]:
    """What belongs to each factor in which the protocols differ."""
    parts = [(each.examinations.plan, each.errors[cell]) for each in measured]
    draws = [shapley_draws(*part) for part in parts]
    each_patient = np.array([estimates.mean(axis=0) for estimates in draws])
    several, is_drop = len(parts) > 1, whole > 0
    values = {
        "one_at_a_time": np.mean([alone(*part) for part in parts], axis=0),
        "last_one": np.mean([last(*part) for part in parts], axis=0),
        "shapley": each_patient.mean(axis=0),
        "shapley_se": monte_carlo_error(draws),
        "shapley_sd": each_patient.std(axis=0, ddof=1) if several else None,
    }
    values["share_pct"] = 100 * values["shapley"] / whole if is_drop else None
    reason = "" if is_drop else NO_DROP
    return {
        name: {key: None if v is None else float(v[i]) for key, v in values.items()}
        | {"reason": reason}
        for i, name in enumerate(parts[0][0].players)
    }
