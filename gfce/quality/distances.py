"""How far apart the head intensities of two groups of patients are.

A group's distribution is that of its patients together, each with the same weight, and is kept as
its quantile function. Distances are of normalized intensities: raw ones have a gain of their own in
each acquisition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gfce.config import StudyConfig

Curve = NDArray[np.float64]
"""A quantile function at the middles of `POINTS` equal parts of [0, 1] (point,)."""
POINTS = 512


def quantile_curve(values: NDArray[Any]) -> Curve:
    """The quantile function of values (value,), in their unit (Hyndman and Fan 1996, number 5).

    Of `POINTS` values it is these values in order.
    """
    ordered = np.sort(values)
    places = (np.arange(POINTS) + 0.5) / POINTS * len(ordered) - 0.5
    return np.interp(places, np.arange(len(ordered)), ordered)


def group_curve(patients: Sequence[Curve]) -> Curve:
    """The quantile function of patients together, each with the same weight."""
    return quantile_curve(np.concatenate(patients))


def wasserstein(a: Curve, b: Curve) -> float:
    """Wasserstein-1 distance, in the unit of the values: the integral of |Qa - Qb| over [0, 1].

    Source: Vallender, Theory Probab. Appl. 18:784 (1974); as `scipy.stats.wasserstein_distance`.
    """
    return float(np.abs(a - b).mean())


def pooled_sd(groups: Iterable[Curve]) -> float:
    """The SD within groups, each with the same weight: the root of their mean variance.

    A distance over it compares normalizations, whose units differ. Of groups that differ in their
    mean alone it is Cohen's d.
    """
    return float(np.sqrt(np.mean([curve.var() for curve in groups])))


def reference_set(config: StudyConfig) -> str:
    """The training set whose fitted normalizations stand for a study: its last one.

    Patient-based normalizations are the same whatever they are fitted on; of the others the one of
    the largest training set by convention, the pooled one, is shown.
    """
    return list(config.training_sets())[-1]
