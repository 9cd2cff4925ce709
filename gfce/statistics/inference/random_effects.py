"""Effects of institutions pooled as a sample of institutions, as rows of tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gfce.statistics.inference.institution_effects import (
    DROP,
    Estimate,
    InstitutionEffects,
    satterthwaite,
)
from gfce.statistics.methods.meta_analysis import ESTIMATORS, FEWEST, Pooled, pool

Array = NDArray[np.float64]
REPORTED = ("estimate", "ci95_low", "ci95_high", "pi95_low", "pi95_high")
"""Columns that are also given in percent, or in the unit of the metric."""
NOT_AT_REST = "the estimate of tau does not come to rest"


def hospital_rows(effects: Sequence[InstitutionEffects]) -> Iterator[dict[str, Any]]:
    """What a new hospital would see: a row for each question and estimator of tau."""
    found = {name: pool(*_arrays(effects), name) for name in ESTIMATORS}
    for number, effect in enumerate(effects):
        for name, pooled in found.items():
            summary = _summary(pooled, number, effect.shared)
            yield {
                **names(effect),
                "estimator": name,
                "k": int(pooled.k[number]),
                "n": sum(_used(effect, institution) for institution in effect.by_institution),
                "pairing": effect.pairing,
                **summary,
                "tau": math.sqrt(pooled.tau2[number]),
                "i2": pooled.i2[number],
                "q": pooled.q[number],
                "q_p": pooled.q_p[number],
                **reported(effect, summary),
                "reason": _reason(effect, pooled, number),
            }


def institution_rows(effects: Sequence[InstitutionEffects]) -> Iterator[dict[str, Any]]:
    """Each institution's own effect, its weight, and what is found without it (REML)."""
    y, v = _arrays(effects)
    whole = pool(y, v)
    numbers, columns = np.nonzero(_listed(effects))
    y_less, v_less = y[numbers], v[numbers]
    y_less[np.arange(len(numbers)), columns] = np.nan
    less = pool(y_less, v_less)
    for row, (number, column) in enumerate(zip(numbers, columns, strict=True)):
        effect = effects[int(number)]
        institution = list(effect.by_institution)[column]
        own = _own(effect, institution)
        without = _summary(less, row, effect.shared)
        yield {
            **names(effect),
            "institution": institution,
            "n": effect.by_institution[institution].n,
            **own,
            "weight": whole.weights[number, column],
            **reported(effect, own),
            **{f"{name}_without": without[name] for name in REPORTED},
            "tau_without": math.sqrt(less.tau2[row]),
            "reason": _reason_of_one(effect, institution, less, row),
        }


def names(effect: InstitutionEffects) -> dict[str, Any]:
    """What identifies a question."""
    return {
        "effect": effect.effect,
        "metric": effect.metric.name,
        "model": effect.model.label,
        "reference": effect.reference,
        "scale": effect.scale,
        **effect.model.group_keys,
    }


def _listed(effects: Sequence[InstitutionEffects]) -> NDArray[np.bool_]:
    """Which columns are institutions of a question (question, institution)."""
    sizes = np.array([len(effect.by_institution) for effect in effects], dtype=int)
    return np.arange(sizes.max(initial=0)) < sizes[:, None]


def _arrays(effects: Sequence[InstitutionEffects]) -> tuple[Array, Array]:
    """Values and variances (question, institution); NaN: unknown, or no such institution."""
    listed = _listed(effects)
    y, v = np.full(listed.shape, np.nan), np.full(listed.shape, np.nan)
    estimates = [one for effect in effects for one in effect.by_institution.values()]
    y[listed] = [one.value for one in estimates]
    v[listed] = [one.variance for one in estimates]
    return y, v


def _summary(pooled: Pooled, number: int, shared: Estimate) -> dict[str, float]:
    """Mean, confidence interval and prediction interval, less what all institutions share.

    The variance of `shared` is added once. Mean: t with k - 1 degrees of freedom and the HKSJ
    variance. New hospital: t with k - 2, tau2 and the variance of the mean (Higgins, Thompson and
    Spiegelhalter 2009): the ordinary one, or HKSJ's where that is larger (Roever, Knapp and
    Friede 2015), so that this interval is never the narrower one. Where something is shared the
    degrees of freedom of the sum are Satterthwaite's.
    """
    k = int(pooled.k[number])
    estimate = float(pooled.mean[number]) - shared.value
    common = (shared.variance, shared.df)
    hksj = float(pooled.hksj_variance[number])
    of_mean = [(hksj, k - 1), common]
    larger = float(np.maximum(hksj, pooled.variance[number]))
    of_new = [(float(pooled.tau2[number]) + larger, k - 2), common]
    ci, pi = (_half_width(terms) for terms in (of_mean, of_new))
    return {
        "estimate": estimate,
        "se": math.sqrt(of_mean[0][0] + shared.variance),
        "ci95_low": estimate - ci,
        "ci95_high": estimate + ci,
        "pi95_low": estimate - pi,
        "pi95_high": estimate + pi,
    }


def _half_width(terms: Sequence[tuple[float, float]]) -> float:
    """Half the width of a 95 % t interval; `terms`: independent variances, degrees of freedom."""
    variance = sum(term for term, _ in terms)
    if math.isnan(variance):
        return math.nan
    return float(special.stdtrit(satterthwaite(terms), 0.975)) * math.sqrt(variance)


def _own(effect: InstitutionEffects, institution: str) -> dict[str, float]:
    """One institution's effect with its t interval."""
    here, shared = effect.by_institution[institution], effect.shared
    terms = [(here.variance, here.df), (shared.variance, shared.df)]
    half, value = _half_width(terms), here.value - shared.value
    return {
        "estimate": value,
        "se": math.sqrt(here.variance + shared.variance),
        "ci95_low": value - half,
        "ci95_high": value + half,
    }


def reported(effect: InstitutionEffects, summary: dict[str, float]) -> dict[str, Any]:
    """Estimate and bounds as tables 4 and 5 give them: percent of a ratio, else as they are."""
    metric = effect.metric
    is_ratio = metric.is_error
    values = {
        f"reported_{name}": _percent(effect, summary[name]) if is_ratio else summary[name]
        for name in REPORTED
        if name in summary
    }
    return values | {"reported_unit": "%" if is_ratio else metric.unit}


def _percent(effect: InstitutionEffects, log_ratio: float) -> float:
    """A drop in percent of the internal mean; an improvement in percent of the reference."""
    if effect.effect == DROP:
        return 100 * math.expm1(log_ratio)
    return -100 * math.expm1(-log_ratio)


def _used(effect: InstitutionEffects, institution: str) -> int:
    here = effect.by_institution[institution]
    return 0 if here.problem else here.n


def _reason(effect: InstitutionEffects, pooled: Pooled, number: int) -> str:
    """Why values are empty, and which institutions are left out."""
    k = int(pooled.k[number])
    left_out = [
        f"{name} ({here.problem})" for name, here in effect.by_institution.items() if here.problem
    ]
    parts = [
        f"{k} institutions: random effects need {FEWEST}" if k < FEWEST else "",
        NOT_AT_REST if k >= FEWEST and math.isnan(pooled.tau2[number]) else "",
        f"internal test: {effect.shared.problem}" if effect.shared.problem else "",
        f"left out: {', '.join(left_out)}" if left_out else "",
        effect.remark,
    ]
    return "; ".join(part for part in parts if part)


def _reason_of_one(effect: InstitutionEffects, institution: str, less: Pooled, row: int) -> str:
    here, shared = effect.by_institution[institution], effect.shared
    parts = [
        here.problem,
        f"internal test: {shared.problem}" if shared.problem else "",
        f"without it {less.k[row]} institutions: random effects need {FEWEST}"
        if less.k[row] < FEWEST
        else "",
        effect.remark,
    ]
    return "; ".join(part for part in parts if part)
