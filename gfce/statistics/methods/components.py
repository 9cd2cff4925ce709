"""Variances of institutions, patients and seeds of scores where every patient has every seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert

from gfce.statistics.methods.variances_search import Floats, smallest

COMPONENTS = ("institution", "patient", "seed", "institution:seed", "patient:seed")
"""In the order of all arrays of components; patient:seed is also the error."""
SMALLEST = 1e-10
"""Part of the variance of all scores below which a component is 0."""

FLAT = 1e-3
"""Change of the deviance, for twice a variance or from 0 to that of all scores, that is none."""


@dataclass(frozen=True)
class Strata:
    """What the likelihood needs of the scores, after an orthonormal contrast of the seeds.

    The first contrast is sqrt(seeds) times a patient's mean; the others hold no patient effect and
    are independent of it and of one another, so that the likelihood is a product.

    Attributes:
        patients: of each institution (institutions,).
        means: of each institution in each contrast (seeds, institutions).
        squares: within institutions about their means, in each contrast (seeds,).
    """

    patients: Floats
    means: Floats
    squares: Floats

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return len(self.means)

    @property
    def within(self) -> float:
        """Degrees of freedom within institutions."""
        return float(self.patients.sum()) - len(self.patients)


def strata(scores: Floats, institutions: NDArray[np.intp]) -> Strata:
    """The strata of scores (patients, seeds), with each patient's institution (patients,)."""
    contrasts = scores @ helmert(scores.shape[1], full=True).T
    parts = [contrasts[institutions == code] for code in np.unique(institutions)]
    means = np.stack([part.mean(axis=0) for part in parts], axis=1)
    squares = sum(np.square(part - part.mean(axis=0)).sum(axis=0) for part in parts)
    return Strata(np.array([float(len(part)) for part in parts]), means, np.asarray(squares))


def variance_components(scores: Floats, institutions: NDArray[np.intp]) -> Floats | None:
    """The five variances by restricted maximum likelihood, none below 0 (None: not converged).

    score = mean + institution + patient (in it) + seed + institution:seed + patient:seed, each
    part normal and independent. What an analysis of variance would estimate below 0 is 0, and the
    others are the most likely ones given that (Searle, Casella and McCulloch 1992).
    With one institution its two variances are NaN, and part of the mean and of `seed`.

    Args:
        scores: of each patient under each seed (patients, seeds); at least two seeds.
        institutions: of each patient, as a code (patients,); one has two patients or more.
    """
    unit = float(scores.var())
    data = strata((scores - scores.mean()) / unit**0.5, institutions)
    absent = _of_institutions() & (len(data.patients) == 1)
    low, high = np.zeros(len(COMPONENTS)), np.where(absent, 0.0, np.inf)
    low[-1] = SMALLEST / 10
    found = smallest(
        lambda variances: deviance(data, variances), np.where(absent, 0.0, 0.2), low, high
    )
    slope = np.where(absent, 0.0, deviance(data, found)[1])
    # At a bound the deviance may rise, elsewhere it must be flat.
    flat = np.where(found > low, np.abs(slope * found), -slope) < FLAT
    if not flat.all():
        return None
    return np.where(absent, np.nan, np.where(found < SMALLEST, 0.0, found) * unit)


def _of_institutions() -> NDArray[np.bool_]:
    return np.array(["institution" in name for name in COMPONENTS])


def deviance(data: Strata, variances: Floats) -> tuple[float, Floats]:
    """-2 log restricted likelihood but for a constant, and its gradient (components,).

    In the first contrast the mean is unknown; in each of the others it is the seeds' contrast,
    whose variance is that of a seed.
    """
    institution, patient, seed, by_seed, error = variances
    count, share = data.seeds, 1 / data.patients
    first = count * patient + error
    value, slope, _ = _of_means(
        data.means[0], count * institution + by_seed + first * share, common=None
    )
    value += data.within * np.log(first) + data.squares[0] / first
    of_first = slope @ share + data.within / first - data.squares[0] / first**2
    gradient = np.array([count * slope.sum(), count * of_first, 0.0, slope.sum(), of_first])
    for means in data.means[1:]:
        more, slope, of_seed = _of_means(means, by_seed + error * share, common=seed)
        value += more
        gradient += (0.0, 0.0, of_seed, slope.sum(), slope @ share)
    rest = (count - 1) * data.within
    value += rest * np.log(error) + data.squares[1:].sum() / error
    gradient[-1] += rest / error - data.squares[1:].sum() / error**2
    return float(value), gradient


def _of_means(
    means: Floats, variances: Floats, common: float | None
) -> tuple[float, Floats, float]:
    """-2 log likelihood of institutions' means that share a draw of variance `common`.

    With the derivatives in their own variances and in the common one (Sherman-Morrison). None: the
    shared draw is unknown, the limit of a large variance, which is the restricted likelihood.
    """
    weights = 1 / variances
    total = float(weights.sum())
    shrink = 1 / total if common is None else common / (1 + common * total)
    size = np.log(total) if common is None else np.log1p(common * total)
    solved = weights * (means - shrink * (weights @ means))
    slopes = weights - shrink * weights**2 - solved**2
    of_common = total * (1 - shrink * total) - float(solved.sum()) ** 2
    return float(np.log(variances).sum() + size + solved @ means), slopes, of_common
