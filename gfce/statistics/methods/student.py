"""Student's test of paired differences, with its interval and effect sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from gfce.statistics.arithmetic import overall
from gfce.statistics.methods.bca import degrees_of_freedom

Vector = NDArray[np.float64]
ROUNDING = 1e-12
"""Differences, and SDs of them, below this share of the scores are rounding."""
NO_PATIENT = "no patient has a score of both models"
IDENTICAL = "identical scores in every patient: p is 1 by definition"
NO_DIFFERENCE = dict.fromkeys(["mean_difference", "ci95_low", "ci95_high", "t"], 0.0) | {"p": 1.0}
"""The test of identical scores."""


@dataclass(frozen=True)
class PairedTest:
    """What is known of one comparison; NaN where it is not defined, with the reason."""

    n: int
    n_dropped: int
    mean_a: float = math.nan
    mean_b: float = math.nan
    mean_difference: float = math.nan
    ci95_low: float = math.nan
    ci95_high: float = math.nan
    t: float = math.nan
    df: float = math.nan
    p: float = math.nan
    cohens_dz: float = math.nan
    hedges_g: float = math.nan
    wilcoxon_p: float = math.nan
    reason: str = ""


@dataclass(frozen=True)
class Mean:
    """A mean, its standard error and the degrees of freedom of that."""

    value: float
    se: float
    df: float

    @classmethod
    def of(cls, strata: Sequence[Vector]) -> Mean:
        """The unweighted mean over k strata of their means, strata being fixed.

        With n_i values, mean m_i and sample SD s_i of stratum i (Cochran 1977, Sampling
        Techniques, eq. 5.1, 5.12 without finite populations, and 5.16; weights W_i = 1 / k):
        value = sum(m_i) / k; se^2 = sum(s_i^2 / n_i) / k^2; df is Satterthwaite's (1946). One
        stratum: Student's mean, SD / sqrt(n) and n - 1. Two: Welch's (1947) test, as a sum.

        Args:
            strata: of each, its values (n_i >= 2).
        """
        means = [float(values.mean()) for values in strata]
        parts = [values.var(ddof=1) / len(values) for values in strata]
        alone = len(strata) == 1
        with np.errstate(invalid="ignore"):  # without any spread
            df = len(strata[0]) - 1 if alone else _satterthwaite(parts, strata)
        return cls(overall(means), math.sqrt(sum(parts)) / len(strata), df)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Student's interval."""
        half = float(special.stdtrit(self.df, (1 + confidence) / 2)) * self.se
        return self.value - half, self.value + half

    def p_above(self, bound: float) -> float:
        """One-sided p against a true mean of at most `bound`."""
        return float(special.stdtr(self.df, (bound - self.value) / self.se))

    def p_below(self, bound: float) -> float:
        """One-sided p against a true mean of at least `bound`."""
        return float(special.stdtr(self.df, (self.value - bound) / self.se))


def _satterthwaite(parts: Sequence[float], strata: Sequence[Vector]) -> float:
    of_parts = [len(values) - 1 for values in strata]
    return float(degrees_of_freedom([np.array([part]) for part in parts], of_parts)[0])


@dataclass(frozen=True)
class Pairs:
    """Scores of two models on the same patients, both known (patient,), and how many lack one."""

    a: Vector
    b: Vector
    n_dropped: int

    @classmethod
    def of(cls, a: Vector, b: Vector) -> Pairs:
        """Drop the pairs of which a score is missing (NaN)."""
        known = ~(np.isnan(a) | np.isnan(b))
        return cls(a[known], b[known], int((np.isnan(a) ^ np.isnan(b)).sum()))

    @property
    def difference(self) -> Vector:
        """Of each patient, a - b."""
        return self.a - self.b

    @property
    def resolution(self) -> float:
        """The largest difference that rounding may make of scores of this size."""
        return ROUNDING * float(max(np.abs(self.a).max(), np.abs(self.b).max()))

    @property
    def are_identical(self) -> bool:
        """Whether no patient's scores differ."""
        return bool(np.abs(self.difference).max() <= self.resolution)

    @property
    def differ_alike(self) -> bool:
        """Whether the difference is the same in every patient."""
        return bool(self.difference.std(ddof=1) <= self.resolution)

    @property
    def means(self) -> dict[str, float]:
        """The means of a, of b and of the differences."""
        named = {"mean_a": self.a, "mean_b": self.b, "mean_difference": self.difference}
        return {name: float(values.mean()) for name, values in named.items()}


def paired_test(a: Vector, b: Vector) -> PairedTest:
    """Student's paired two-tailed t-test of a - b with its interval and effect sizes.

    t = mean(d) / (sd(d) / sqrt(n)), df = n - 1, d = a - b, sd with n - 1;
    95 % interval mean(d) ± t_{0.975, df} sd(d) / sqrt(n);
    d_z = mean(d) / sd(d) (Cohen 1988, 2.3.5); g = J(df) d_z (Hedges 1981), see `hedges_correction`;
    Wilcoxon's signed-rank p (1945), see `signed_rank_p`.

    A pair of which one score is missing (NaN) is dropped and counted. Where a test is not defined
    its values are NaN and `reason` says why; identical scores have p = 1.
    """
    pairs = Pairs.of(a, b)
    n = len(pairs.a)
    if n == 0:
        return PairedTest(0, pairs.n_dropped, reason=NO_PATIENT)
    if n == 1:
        return PairedTest(1, pairs.n_dropped, **pairs.means, reason="a single patient: no test")
    return PairedTest(n, pairs.n_dropped, **pairs.means | _tested(pairs))


def _tested(pairs: Pairs) -> dict[str, Any]:
    """The test of two patients or more."""
    difference, df = pairs.difference, len(pairs.a) - 1
    if pairs.are_identical:
        zero = {"df": df, "cohens_dz": 0.0, "hedges_g": 0.0, "wilcoxon_p": 1.0}
        return NO_DIFFERENCE | zero | {"reason": IDENTICAL}
    rank_test = {"wilcoxon_p": signed_rank_p(pairs)}
    if pairs.differ_alike:
        reason = "the difference is the same in every patient: t is not defined"
        return rank_test | {"reason": reason}
    dz = float(difference.mean() / difference.std(ddof=1))
    sizes = {"cohens_dz": dz, "hedges_g": hedges_correction(df) * dz}
    reason = "" if df > 1 else "two patients: Hedges' g is not defined"
    return t_test([difference]) | sizes | rank_test | {"reason": reason}


def t_test(strata: Sequence[Vector]) -> dict[str, float]:
    """t, degrees of freedom, two-sided p and 95 % interval of `Mean.of` against 0."""
    mean = Mean.of(strata)
    low, high = mean.interval(0.95)
    p = 2 * min(mean.p_above(0), mean.p_below(0))
    return {"ci95_low": low, "ci95_high": high, "t": mean.value / mean.se, "df": mean.df, "p": p}


def signed_rank_p(pairs: Pairs) -> float:
    """Two-sided p of Wilcoxon's signed-rank test (1945); some pair is not identical.

    Differences that rounding alone tells apart are ties, and those that it tells from 0 are zeros:
    they are taken in steps of the scores' resolution. Zeros are left out. Up to 50
    patients without zeros and ties: exact; with them, up to 13 patients: over all changes of signs;
    else the normal distribution with the variance of ties (`scipy.stats.wilcoxon`).
    """
    return float(stats.wilcoxon(np.round(pairs.difference / pairs.resolution)).pvalue)


def hedges_correction(df: int) -> float:
    """The factor that makes d unbiased (Hedges 1981, eq. 6e).

    J(m) = Gamma(m/2) / (sqrt(m/2) Gamma((m - 1)/2)); not defined (NaN) for m < 2.
    """
    if df < 2:
        return math.nan
    ratio = special.gammaln(df / 2) - special.gammaln((df - 1) / 2)
    return float(np.exp(ratio) / math.sqrt(df / 2))
