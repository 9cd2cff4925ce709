"""Bootstrap intervals of whatever follows from the institutions' means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from gfce.statistics.methods.bca import interval
from gfce.statistics.methods.patients import Array, Estimator, Patients, means_of

Indices = NDArray[np.int64]
BATCH = 2000
"""Resamples that are held in memory at a time."""


def bca_intervals(estimator: Estimator, resamples: int, seed: int) -> tuple[Array, Array]:
    """95 % intervals of all quantities at once, NaN where there is none.

    Patients are drawn with replacement within their institution, because the institutions are
    fixed by design, and with all their scores, because the models are tested on the same ones.
    Of n patients n - 1 are drawn: drawing n makes the variance of a stratum's mean too small by
    (n - 1) / n, which matters for the few patients of an institution (Rao and Wu 1988). The
    intervals are those of `gfce.statistics.methods.bca`. A quantity that depends on an
    institution with a single patient has no interval: its spread is unknown.
    """
    patients = estimator.patients
    drawn = resampled_means(patients, resamples, np.random.default_rng(seed))
    replicates = np.concatenate([estimator.values(means) for means in drawn], axis=-1)
    jackknife = estimator.values_of_each(dict(_without_one(patients)))
    low, high = interval(estimator.estimates, replicates, list(jackknife.values()))
    return estimator.placed(low), estimator.placed(high)


def resampled_means(
    patients: Patients, resamples: int, rng: np.random.Generator
) -> Iterator[dict[str, Array]]:
    """Batches of the means (replicate, model and metric) of each institution of several patients.

    Drawn as `bca_intervals` says; an institution with a single patient cannot be drawn from.
    """
    sizes = {name: size for name, size in patients.sizes.items() if size > 1}
    for start in range(0, resamples, BATCH):
        indices = _draw(sizes.values(), min(BATCH, resamples - start), rng)
        yield {
            name: _resampled_means(patients.matrices[name], index)
            for name, index in zip(sizes, indices, strict=True)
        }


def _draw(sizes: Iterable[int], resamples: int, rng: np.random.Generator) -> list[Indices]:
    return [rng.integers(0, size, (resamples, size - 1)) for size in sizes]


def _without_one(patients: Patients) -> Iterator[tuple[str, Array]]:
    """Of each institution, its means without each of its patients in turn."""
    for name, size in patients.sizes.items():
        if size > 1:
            others = np.nonzero(~np.eye(size, dtype=bool))[1].reshape(size, size - 1)
            yield name, _resampled_means(patients.matrices[name], others)


def _resampled_means(matrix: Array, indices: NDArray[np.intp]) -> Array:
    """Means (replicate, column) over the patients that each row of `indices` draws.

    A matrix product of how often each patient is drawn with the scores. Missing scores are left
    out; where a draw has none but missing ones, the mean of all patients stands in.
    """
    flat = indices.reshape(-1, indices.shape[-1])
    size = len(matrix)
    offsets = np.arange(len(flat))[:, None] * size
    drawn = np.bincount((flat + offsets).ravel(), minlength=len(flat) * size)
    counts = drawn.reshape(len(flat), size).astype(float)
    known = np.isfinite(matrix)
    if known.all():
        return counts @ matrix / flat.shape[1]
    total, number = counts @ np.where(known, matrix, 0.0), counts @ known
    return np.divide(total, number, out=np.tile(means_of(matrix), (len(flat), 1)), where=number > 0)
