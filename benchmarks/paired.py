"""How often the paired tests over several institutions find a difference that is not there.

Run: python benchmarks/paired.py (about a minute).

Patients of the paper's external institutions, 18, 9, 9 and 7. Of a patient's difference between two
models half of the variance is the institution's (intraclass correlation 0.5). An institution's part
is drawn anew in each repeat (institutions are random: the null hypothesis is about all hospitals)
or is one of several fixed patterns (the null hypothesis is about these institutions: the difference
of the Overalls is 0).
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the workflow runs every step

import numpy as np

from gfce.statistics.methods.student import t_test

SIZES = (18, 9, 9, 7)
INSTITUTION_SD = PATIENT_SD = math.sqrt(0.5)
Strata = list[np.ndarray]


TESTS: dict[str, Callable[[Strata], Strata]] = {
    "external": lambda strata: [np.concatenate(strata)],
    "external_stratified": lambda strata: strata,
    "institutions as units": lambda strata: [np.array([d.mean() for d in strata])],
}
"""What `t_test` is given: patients as one sample; institutions fixed; institutions as a sample."""


def draw(
    rng: np.random.Generator,
    effects: np.ndarray,
    sizes: tuple[int, ...] = SIZES,
    sds: tuple[float, ...] = (PATIENT_SD,) * 4,
) -> Strata:
    """Differences of the patients of each institution."""
    return [rng.normal(e, sd, n) for e, sd, n in zip(effects, sds, sizes, strict=True)]


def report(name: str, samples: Callable[[], Strata], repeats: int) -> None:
    """Print how often each test has p < 0.05."""
    found = dict.fromkeys(TESTS, 0)
    for _ in range(repeats):
        strata = samples()
        for test, arranged in TESTS.items():
            found[test] += t_test(arranged(strata))["p"] < 0.05
    shares = ", ".join(f"{test} {count / repeats:.1%}" for test, count in found.items())
    print(f"{name}: {shares}", flush=True)


def main(repeats: int) -> None:
    """All settings."""
    rng = np.random.default_rng(4)
    none, spread = np.zeros(4), INSTITUTION_SD
    print(f"false findings at the 5 % level, {repeats} repeats")
    report("institutions random", lambda: draw(rng, rng.normal(0, spread, 4)), repeats)
    report("institutions fixed and alike", lambda: draw(rng, none), repeats)
    for name, pattern in {
        "fixed, the largest stands out": [3, -1, -1, -1],
        "fixed, the smallest stands out": [-1, -1, -1, 3],
        "fixed, two against two": [1, -1, 1, -1],
    }.items():
        effects = spread * np.array(pattern) / np.std(pattern, ddof=1)
        report(name, lambda effects=effects: draw(rng, effects), repeats)
    unlike = (PATIENT_SD, PATIENT_SD, PATIENT_SD, 3 * PATIENT_SD)
    report("fixed and alike, 3 x SD of the smallest", lambda: draw(rng, none, sds=unlike), repeats)
    for n in (2, 3, 5):
        samples = lambda n=n: draw(rng, none, (n,) * 4)  # noqa: E731
        report(f"fixed and alike, {n} patients each", samples, repeats)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
