"""The test of a difference of Overalls: institutions weigh the same, and are fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gfce.statistics.arithmetic import overall
from gfce.statistics.methods.student import (
    IDENTICAL,
    NO_DIFFERENCE,
    NO_PATIENT,
    PairedTest,
    Pairs,
    Vector,
    t_test,
)

ONE_SAMPLE = "d_z, g and Wilcoxon's p are of one sample, not of institutions that weigh the same"


def stratified_test(scores: Mapping[str, tuple[Vector, Vector]]) -> PairedTest:
    """The unweighted mean over institutions of their mean differences, over its standard error.

    Formula and sources: `student.Mean.of`. Institutions are fixed, as in a stratified sample: the
    test says how sure the difference is for these ones, and nothing about others. Where one of
    them has no patient with both scores there is no Overall, where one has a single patient no
    test, and `reason` says so.

    Args:
        scores: by institution, those of model a and of model b (patient,), NaN where missing.
    """
    institutions = {name: Pairs.of(a, b) for name, (a, b) in scores.items()}
    n = sum(len(pairs.a) for pairs in institutions.values())
    n_dropped = sum(pairs.n_dropped for pairs in institutions.values())
    return PairedTest(n, n_dropped, **_tested(institutions) if n else {"reason": NO_PATIENT})


def _tested(institutions: Mapping[str, Pairs]) -> dict[str, Any]:
    """Means and test, as far as they are defined, with the reason."""
    if without := _of_size(institutions, 0):
        return {"reason": f"no patient of {without} has a score of both models: no Overall"}
    all_pairs = list(institutions.values())
    of_each = [pairs.means for pairs in all_pairs]
    means = {name: overall([one[name] for one in of_each]) for name in of_each[0]}
    if single := _of_size(institutions, 1):
        return means | {"reason": f"a single patient of {single}: no test"}
    if all(pairs.are_identical for pairs in all_pairs):
        return means | NO_DIFFERENCE | {"reason": IDENTICAL}
    if all(pairs.differ_alike for pairs in all_pairs):
        reason = "the difference is the same in all patients of an institution: t is not defined"
        return means | {"reason": reason}
    return means | t_test([pairs.difference for pairs in all_pairs]) | {"reason": ONE_SAMPLE}


def _of_size(institutions: Mapping[str, Pairs], size: int) -> str:
    return ", ".join(name for name, pairs in institutions.items() if len(pairs.a) == size)
