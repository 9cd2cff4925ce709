"""Comparisons that tell whether a patient's modalities are the ones that they are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from gfce.cohort.leaks.signatures import Features
from gfce.images.arrays import Volume

MOST_VOXELS = 50_000
"""The most voxels of a rank correlation: more do not make it more precise."""


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
    modalities the margins (patient,), NaN where there is no mean head to compare with. Features are
    correlated with the mean head of the other institutions, because the names of a whole
    institution might be wrong. The patient's own institution is taken where CE is concerned,
    because sites differ in its fat suppression, and where no other institution has three patients.
    Its mean needs three patients besides the one in question.
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
    same_institution: bool,
) -> NDArray[np.float64] | None:
    other_institutions = [
        group for name, group in groups.items() if name != institution and group.sum() >= 3
    ]
    if other_institutions and not same_institution:
        return np.mean([features[group].mean(axis=0) for group in other_institutions], axis=0)
    fellow_patients = groups[institution].copy()
    fellow_patients[number] = False
    return features[fellow_patients].mean(axis=0) if fellow_patients.sum() >= 3 else None


def _margin(given: NDArray[np.float64], mean: NDArray[np.float64], i: int, j: int) -> float:
    c = np.corrcoef(given.reshape(len(given), -1), mean.reshape(len(mean), -1))[:, len(given) :]
    c = c[: len(given)]
    return float(c[i, i] + c[j, j] - c[i, j] - c[j, i])
