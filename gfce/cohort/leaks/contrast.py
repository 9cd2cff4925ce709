"""Whether a patient's modalities are what they are called, by comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from gfce.cohort.leaks.signatures import Features
from gfce.images.arrays import Volume

MOST_VOXELS = 50_000
"""Voxels of which a rank correlation is taken: more say nothing more."""


def rank_correlation(first: Volume, second: Volume) -> float:
    """Spearman's correlation of two volumes (slice, row, column) where either is bright.

    1 for any monotone change of intensities (scale, offset, gamma); noise and enhancement lower
    it. Bright is above 15 % of the 99th percentile, so that air is left out.
    """
    bright = (first > 0.15 * np.percentile(first, 99)) | (second > 0.15 * np.percentile(second, 99))
    points = np.flatnonzero(bright)
    points = points[:: 1 + len(points) // MOST_VOXELS]
    ranks = np.stack([rankdata(volume.ravel()[points]) for volume in (first, second)])
    if len(points) < 2 or np.ptp(ranks, axis=1).min() == 0:
        return 0.0
    return float(np.asarray(np.corrcoef(ranks))[0, 1])


def swap_margins(
    features: Sequence[Features], institutions: Sequence[str], modalities: Sequence[str]
) -> dict[tuple[str, str], NDArray[np.float64]]:
    """How much better each patient's modalities fit as named than with two of them swapped.

    Given features (modality, slice, row, column) of each patient; returns for each pair of
    modalities the margins (patient,), NaN where nothing is to be compared with. Features are
    correlated with the mean head of the other institutions; against one's own institution, whose
    names might all be wrong, only where CE is concerned, because sites differ in its fat
    suppression, or where there is no other. An institution's mean needs three others.
    """
    margins: dict[tuple[str, str], list[float]] = {}
    stacked = np.stack(features).astype(np.float64)
    groups = {name: np.asarray(institutions) == name for name in sorted(set(institutions))}
    for (i, a), (j, b) in combinations(enumerate(modalities), 2):
        for number, name in enumerate(institutions):
            mean = _reference(stacked, groups, number, name, "ce" in (a, b))
            margin = np.nan if mean is None else _margin(stacked[number], mean, i, j)
            margins.setdefault((a, b), []).append(margin)
    return {pair: np.asarray(values) for pair, values in margins.items()}


def _reference(
    features: NDArray[np.float64],
    groups: Mapping[str, NDArray[np.bool_]],
    number: int,
    institution: str,
    own_only: bool,
) -> NDArray[np.float64] | None:
    others = [group for name, group in groups.items() if name != institution and group.sum() >= 3]
    if others and not own_only:
        return np.mean([features[group].mean(axis=0) for group in others], axis=0)
    own = groups[institution].copy()
    own[number] = False
    return features[own].mean(axis=0) if own.sum() >= 3 else None


def _margin(given: NDArray[np.float64], mean: NDArray[np.float64], i: int, j: int) -> float:
    c = np.corrcoef(given.reshape(len(given), -1), mean.reshape(len(mean), -1))[:, len(given) :]
    c = c[: len(given)]
    return float(c[i, i] + c[j, j] - c[i, j] - c[j, i])
