"""Paired comparisons of models on the same patients."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from gfce.contract.columns import (
    CI95_HIGH,
    CI95_LOW,
    MEAN_DIFFERENCE,
    MODEL_A,
    MODEL_B,
    N_DROPPED,
    REASON,
    SCOPE,
    N,
)
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.evaluation.tables import METRIC
from gfce.statistics.design import Model, uni_groups, unis_within
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable

Vector = NDArray[np.float64]
ROUNDING = 1e-12
"""An SD of differences below this share of the scores is rounding, not spread."""


@dataclass(frozen=True)
class Comparison:
    """Two models to compare, and the family of tests that the comparison belongs to."""

    family: str
    a: Model
    b: Model

    def scopes(self) -> dict[str, list[str]]:
        """Institutions of each scope: shared internal ones, each external one, all external."""
        internal = [name for name in self.a.internal if name in self.b.internal]
        external = list(self.a.external)
        scopes = {"internal": internal} | {name: [name] for name in external}
        scopes["external"] = external
        return {scope: institutions for scope, institutions in scopes.items() if institutions}


def comparisons(grid: Sequence[Model]) -> list[Comparison]:
    """The pre-specified comparisons (study.md), generalised to any grid.

    A: each pooled model against the uni models of its own institutions, same normalization.
    B: each later normalization against each earlier one, all else the same.
    C: uni models of one normalization against one another. Networks are never mixed.
    """
    pooled = [model for model in grid if model.is_pooled]
    family_a = [Comparison("A", a, b) for a in pooled for b in unis_within(a, grid)]
    family_b = [
        Comparison("B", later, earlier)
        for earlier, later in combinations(grid, 2)
        if _without_normalization(earlier) == _without_normalization(later)
    ]
    family_c = [
        Comparison("C", a, b) for unis in uni_groups(grid) for a, b in combinations(unis, 2)
    ]
    return [*family_a, *family_b, *family_c]


def _without_normalization(model: Model) -> dict[str, str]:
    return model.keys | {"normalization": ""}


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


def paired_tests(study: ScoredStudy) -> pd.DataFrame:
    """All comparisons in all scopes (paired_tests.csv); the patient is the unit.

    p_holm is Holm's (1979) step-down adjustment over all tests of one family and metric that have
    a p; a test without one is not counted.
    """
    rows = [
        {"family": pair.family, "metric": metric.name, "scope": scope}
        | {"model_a": pair.a.label, "model_b": pair.b.label}
        | asdict(paired_test(a, b))
        for metric, wide in _wide_tables(study)
        for pair in comparisons(study.models)
        for scope, a, b in _samples(wide, pair)
    ]
    table = pd.DataFrame(rows, columns=[name for name in TABLE.names if name != "p_holm"])
    adjusted = table.groupby(["family", "metric"], sort=False)["p"].transform(holm)
    table["p_holm"] = adjusted.astype(float)
    order = table.sort_values("family", kind="stable").index
    return table.loc[order, TABLE.names].reset_index(drop=True)


def _wide_tables(study: ScoredStudy) -> Iterator[tuple[Metric, pd.DataFrame]]:
    """Of each tested metric its scores: a row per patient, a column per model."""
    labels = [model.label for model in study.models]
    for metric in TESTED_METRICS:
        indexed = study.scores.set_index(["institution", "patient_id", "model"])
        wide = indexed[metric.name].unstack("model")  # noqa: PD010 - pivot_table would average
        yield metric, wide.reindex(columns=labels).sort_index()


def _samples(wide: pd.DataFrame, pair: Comparison) -> Iterator[tuple[str, Vector, Vector]]:
    institution = wide.index.get_level_values("institution")
    for scope, institutions in pair.scopes().items():
        chosen = wide[institution.isin(institutions)]
        yield scope, chosen[pair.a.label].to_numpy(float), chosen[pair.b.label].to_numpy(float)


def paired_test(a: Vector, b: Vector) -> PairedTest:
    """Student's paired two-tailed t-test of a - b with its interval and effect sizes.

    t = mean(d) / (sd(d) / sqrt(n)), df = n - 1, d = a - b, sd with n - 1;
    95 % interval mean(d) ± t_{0.975, df} sd(d) / sqrt(n);
    d_z = mean(d) / sd(d) (Cohen 1988, 2.3.5); g = J(df) d_z (Hedges 1981), see `hedges_correction`;
    Wilcoxon's signed-rank p (1945), exact up to 50 patients without ties, zeros left out.

    A pair of which one score is missing (NaN) is dropped and counted. Where a test is not defined
    its values are NaN and `reason` says why; identical scores have p = 1.
    """
    paired = ~(np.isnan(a) | np.isnan(b))
    n_dropped = int((np.isnan(a) ^ np.isnan(b)).sum())
    a, b = a[paired], b[paired]
    if len(a) == 0:
        return PairedTest(0, n_dropped, reason="no patient has a score of both models")
    means = {"mean_a": a.mean(), "mean_b": b.mean(), "mean_difference": (a - b).mean()}
    if len(a) == 1:
        return PairedTest(1, n_dropped, **means, reason="a single patient: no test")
    if (a == b).all():
        return _identical(len(a), n_dropped, means)
    spread = (a - b).std(ddof=1)
    if spread <= ROUNDING * max(np.abs(a).max(), np.abs(b).max()):
        reason = "the difference is the same in every patient: t is not defined"
        p = float(stats.wilcoxon(a, b).pvalue)
        return PairedTest(len(a), n_dropped, **means, wilcoxon_p=p, reason=reason)
    return _student(a, b, n_dropped, means)


def _student(a: Vector, b: Vector, n_dropped: int, means: dict[str, float]) -> PairedTest:
    test = stats.ttest_rel(a, b)
    interval = test.confidence_interval(0.95)
    difference = a - b
    dz = difference.mean() / difference.std(ddof=1)
    df = len(a) - 1
    return PairedTest(
        len(a),
        n_dropped,
        **means,
        ci95_low=float(interval.low),
        ci95_high=float(interval.high),
        t=float(test.statistic),
        df=df,
        p=float(test.pvalue),
        cohens_dz=dz,
        hedges_g=hedges_correction(df) * dz,
        wilcoxon_p=float(stats.wilcoxon(difference).pvalue),
        reason="" if df > 1 else "two patients: Hedges' g is not defined",
    )


def _identical(n: int, n_dropped: int, means: dict[str, float]) -> PairedTest:
    zero = dict.fromkeys(["ci95_low", "ci95_high", "t", "cohens_dz", "hedges_g"], 0.0)
    reason = "identical scores in every patient: p is 1 by definition"
    return PairedTest(n, n_dropped, **means, **zero, df=n - 1, p=1.0, wilcoxon_p=1.0, reason=reason)


def differing_from_pooled(tests: pd.DataFrame) -> set[tuple[str, str, str]]:
    """Uni model, scope and metric of family A's findings at the 5 % level."""
    differing = tests[(tests["family"] == "A") & (tests["p_holm"] < 0.05)]
    return set(differing[["model_b", "scope", "metric"]].itertuples(index=False, name=None))


def hedges_correction(df: int) -> float:
    """The factor that makes d unbiased (Hedges 1981, eq. 6e).

    J(m) = Gamma(m/2) / (sqrt(m/2) Gamma((m - 1)/2)); not defined (NaN) for m < 2.
    """
    if df < 2:
        return math.nan
    ratio = special.gammaln(df / 2) - special.gammaln((df - 1) / 2)
    return float(np.exp(ratio) / math.sqrt(df / 2))


def holm(p: pd.Series[float]) -> pd.Series[float]:
    """Holm's step-down adjusted p of one family (Holm 1979); NaN stays NaN and is not counted.

    The i-th smallest of m is multiplied by m - i + 1, and none is below a smaller one's. It is
    what `statsmodels.stats.multitest.multipletests` computes, which collects garbage at every
    call: tenths of a second each, for dozens of families.
    """
    ordered = p.dropna().sort_values(kind="stable")
    multiplied = ordered * np.arange(len(ordered), 0, -1)
    return multiplied.cummax().clip(upper=1.0).reindex(p.index)


def _mean(model: str) -> Column:
    meaning = f"Mean score of model {model} over the compared patients"
    return Column(f"mean_{model}", "number", meaning, UNIT_OF_METRIC)


TABLE = StudyTable(
    name="statistics/paired_tests",
    title="Paired comparisons of models",
    key=("family", "metric", "scope", "model_a", "model_b"),
    columns=(
        Column(
            "family",
            "string",
            "A: pooled against uni; B: one normalization against another; C: uni against uni",
            allowed=("A", "B", "C"),
        ),
        METRIC,
        SCOPE,
        MODEL_A,
        MODEL_B,
        N,
        _mean("a"),
        _mean("b"),
        MEAN_DIFFERENCE,
        CI95_LOW,
        CI95_HIGH,
        Column(
            "t",
            "number",
            "Student's t of the paired test, mean_difference / (sd / sqrt(n))",
        ),
        Column("df", "number", "Degrees of freedom, n - 1", minimum=1),
        Column("p", "number", "Two-sided p of the paired t-test", minimum=0, maximum=1),
        Column(
            "p_holm",
            "number",
            "p adjusted by Holm over the tests of the family and metric",
            minimum=0,
            maximum=1,
        ),
        Column("cohens_dz", "number", "Cohen's d_z, mean_difference / sd of the differences"),
        Column("hedges_g", "number", "d_z with Hedges' exact small-sample correction"),
        Column("wilcoxon_p", "number", "p of Wilcoxon's signed-rank test", minimum=0, maximum=1),
        N_DROPPED,
        REASON,
    ),
    make=paired_tests,
)
