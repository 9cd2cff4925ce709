"""Paired comparisons of models on the same patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from gfce.contract.columns import (
    CI95_HIGH,
    CI95_LOW,
    MEAN_DIFFERENCE,
    MODEL_A,
    MODEL_B,
    N_DROPPED,
    REASON,
    SCOPE,
    STRATIFIED,
    N,
    probability,
)
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.evaluation.tables import METRIC
from gfce.statistics.design import Model, uni_groups, unis_within, without_repair
from gfce.statistics.methods.stratified import stratified_test
from gfce.statistics.methods.student import PairedTest, Vector, paired_test
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.statistics.tables.aggregate import Scores, by_institution

NOBODY: Vector = np.empty(0)


@dataclass(frozen=True)
class Comparison:
    """Two models to compare, and the family of tests that the comparison belongs to."""

    family: str
    a: Model
    b: Model

    def scopes(self) -> dict[str, list[str]]:
        """Institutions of each scope: shared internal ones, each external one, all external.

        A stratified scope stands where tables 2 and 3 have an Overall row.
        """
        internal = [name for name in self.a.internal if name in self.b.internal]
        external = list(self.a.external)
        scopes = {"internal": internal} | {name: [name] for name in external}
        scopes |= {"external": external, f"external{STRATIFIED}": external}
        if len(internal) > 1:
            scopes[f"internal{STRATIFIED}"] = internal
        return {scope: institutions for scope, institutions in scopes.items() if institutions}


def comparisons(grid: Sequence[Model]) -> list[Comparison]:
    """The pre-specified comparisons (study.md), generalised to any grid.

    A: each pooled model against the uni models of its own institutions, same normalization.
    B: each later normalization against each earlier one, all else the same.
    C: uni models of one normalization against one another. Networks are never mixed.
    D: each repair against none, all else the same.
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
    family_d = [
        Comparison("D", model, plain)
        for model in grid
        if model.is_repaired and (plain := without_repair(model, grid))
    ]
    return [*family_a, *family_b, *family_c, *family_d]


def _without_normalization(model: Model) -> dict[str, str]:
    return model.keys | {"normalization": ""}


def paired_tests(study: ScoredStudy) -> pd.DataFrame:
    """All comparisons in all scopes (paired_tests.csv); the patient is the unit.

    p_holm is Holm's (1979) step-down adjustment over all tests of one family and metric that have
    a p; a test without one is not counted. The stratified scopes are a Holm family of their own:
    they came later than the paper's tests, and do not change what these say. For the same reason
    tests of A, B and C between models with repairs are one of their own.
    """
    rows = [
        {"family": pair.family, "metric": metric.name, "scope": scope}
        | {"model_a": pair.a.label, "model_b": pair.b.label}
        | vars(test)
        for metric in TESTED_METRICS
        for scores in [by_institution(study.scores, metric, [m.label for m in study.models])]
        for pair in comparisons(study.models)
        for scope, test in _tests(scores, pair)
    ]
    table = pd.DataFrame(rows, columns=[name for name in TABLE.names if name != "p_holm"])
    stratified = table["scope"].str.endswith(STRATIFIED)
    repaired = table["model_b"].isin([m.label for m in study.models if m.is_repaired])
    together = ["family", "metric", stratified, repaired]
    adjusted = table.groupby(together, sort=False)["p"].transform(holm)
    table["p_holm"] = adjusted.astype(float)
    order = table.sort_values("family", kind="stable").index
    return table.loc[order, TABLE.names].reset_index(drop=True)


def _tests(scores: Scores, pair: Comparison) -> Iterator[tuple[str, PairedTest]]:
    for scope, institutions in pair.scopes().items():
        pairs = {
            name: (known.get(pair.a.label, NOBODY), known.get(pair.b.label, NOBODY))
            for name in institutions
            for known in [scores.get(name, {})]
        }
        if scope.endswith(STRATIFIED):
            yield scope, stratified_test(pairs)
        else:
            a, b = (np.concatenate([both[side] for both in pairs.values()]) for side in (0, 1))
            yield scope, paired_test(a, b)


def differing_from_pooled(tests: pd.DataFrame) -> set[tuple[str, str, str]]:
    """Uni model, scope and metric of family A's findings at the 5 % level."""
    differing = tests[(tests["family"] == "A") & (tests["p_holm"] < 0.05)]
    return set(differing[["model_b", "scope", "metric"]].itertuples(index=False, name=None))


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
    meaning = (
        f"Mean score of model {model} over the compared patients; stratified: the mean over "
        "institutions of their means"
    )
    return Column(f"mean_{model}", "number", meaning, UNIT_OF_METRIC)


TABLE = StudyTable(
    name="statistics/paired_tests",
    title="Paired comparisons of models",
    key=("family", "metric", "scope", "model_a", "model_b"),
    columns=(
        Column(
            "family",
            "string",
            "A: pooled against uni; B: one normalization against another; C: uni against uni; D: a "
            "repair against none",
            allowed=("A", "B", "C", "D"),
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
            "Student's t of the paired test, mean_difference over its standard error: sd / sqrt(n) "
            "or, in stratified scopes, sqrt(sum(sd_i^2 / n_i)) / k over k institutions",
        ),
        Column("df", "number", "Degrees of freedom: n - 1; stratified: Satterthwaite's", minimum=1),
        probability("p", "Two-sided p of the paired t-test"),
        probability(
            "p_holm",
            "p adjusted by Holm over the tests of the family and metric; stratified scopes are a "
            "family of their own",
        ),
        Column("cohens_dz", "number", "Cohen's d_z, mean_difference / sd of the differences"),
        Column("hedges_g", "number", "d_z with Hedges' exact small-sample correction"),
        probability("wilcoxon_p", "p of Wilcoxon's signed-rank test"),
        N_DROPPED,
        REASON,
    ),
    make=paired_tests,
)
