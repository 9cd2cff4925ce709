"""How often ranks, groups and rank intervals err: simulated scores of eight models.

Run: python benchmarks/ranking.py (about ten minutes); the figures stand in docs/statistics.md.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the workflow runs every step

import numpy as np

from gfce.evaluation.metrics.mae import METRIC as MAE
from gfce.statistics.arithmetic import overall
from gfce.statistics.inference.rank_groups import rank_intervals
from gfce.statistics.inference.rank_pairs import pairs_of
from gfce.statistics.inference.rank_tests import iman_davenport
from gfce.statistics.inference.ranking import Ranking
from gfce.statistics.inference.ranks import percentiles
from gfce.statistics.methods.bootstrap import resampled_means
from gfce.statistics.methods.patients import Patients

MODELS = 8
COHORTS = {"18, 9, 9, 7": (18, 9, 9, 7), "4, 4, 4, 4": (4, 4, 4, 4)}
Noise = Callable[[np.random.Generator, int], np.ndarray]


def normal(rng: np.random.Generator, n: int) -> np.ndarray:
    """Residuals (patient, model) of standard deviation 1."""
    return rng.normal(size=(n, MODELS))


def skewed(rng: np.random.Generator, n: int) -> np.ndarray:
    """Log-normal residuals (sigma 0.5) of mean 0; those of every second model twice as large."""
    draw = rng.lognormal(0, 0.5, (n, MODELS)) - np.exp(0.125)
    return draw * np.tile([2.0, 4.0], MODELS // 2)


EQUAL = np.zeros(MODELS)
TIERS = np.repeat([0.0, 1.5], MODELS // 2)
LADDER = 1.0 * np.arange(MODELS)
"""Times a step; the standard error of a difference of Overalls is 0.23 and 0.35."""
SCENARIOS: dict[str, tuple[np.ndarray, float, Noise]] = {
    "equal, normal": (EQUAL, 0.0, normal),
    "equal, skewed": (EQUAL, 0.0, skewed),
    "two tiers of four": (TIERS, 0.0, normal),
    "equal Overalls, institutions disagree": (EQUAL, 0.7, normal),
    "ladder of steps of 0.15": (0.15 * LADDER, 0.0, normal),
    "ladder of steps of 0.03": (0.03 * LADDER, 0.0, normal),
}
"""True Overalls of the models, SD of models between institutions (0 on average), residuals."""


def simulated(
    rng: np.random.Generator, sizes: tuple[int, ...], means: np.ndarray, sd: float, noise: Noise
) -> dict[str, np.ndarray]:
    """Losses (patient, model) of each institution; patients of an institution are alike."""
    disagreement = rng.normal(0, sd, (len(sizes), MODELS)) if sd else np.zeros((len(sizes), MODELS))
    disagreement -= disagreement.mean(axis=0)
    return {
        f"Institution-{i}": means
        + disagreement[i]
        + rng.normal(0, 3)  # how hard the institution is
        + rng.normal(0, 2, (size, 1))  # and the patient
        + noise(rng, size)
        for i, size in enumerate(sizes)
    }


def ranked(losses: dict[str, np.ndarray], resamples: int, seed: int) -> Ranking:
    """The ranking of simulated models, as `rankings` makes it."""
    drawn = resampled_means(Patients([], losses), resamples, np.random.default_rng(seed))
    resampled = np.concatenate([overall(list(means.values())) for means in drawn])
    overalls = overall([matrix.mean(axis=0) for matrix in losses.values()])
    return Ranking(MAE, tuple("abcdefgh"), overalls, losses, resampled)


def errors(ranking: Ranking, truth: np.ndarray) -> dict[str, float]:
    """What went wrong in one repeat, 1 or 0, and how much was found."""
    pairs = pairs_of(ranking)
    true_order = np.sign(truth[pairs.first] - truth[pairs.second])
    equal = true_order == 0
    low, high = rank_intervals(pairs, MODELS)
    return {
        "Iman-Davenport finds a difference": iman_davenport(ranking.all_losses)["p"] < 0.05,
        "equals told apart (Wilcoxon)": (pairs.differ & equal).any(),
        "equals told apart or a wrong order (t)": (
            (pairs.ordered != 0) & (pairs.ordered != true_order)
        ).any(),
        "unequals told apart (Wilcoxon)": _share(pairs.differ, ~equal),
        "unequals told apart (t)": _share(pairs.ordered != 0, ~equal),
        "width of the rank intervals": (high - low + 1).mean(),
        **({} if equal.any() else _of_intervals(ranking, truth, low, high)),
    }


def _of_intervals(
    ranking: Ranking, truth: np.ndarray, low: np.ndarray, high: np.ndarray
) -> dict[str, float]:
    """How often intervals miss the true ranks, where there are no ties."""
    rank = 1 + (truth[:, None] < truth).sum(axis=0)
    drawn_low, drawn_high = percentiles(ranking.resampled_ranks)
    missed = (drawn_low > rank) | (drawn_high < rank)
    return {
        "a rank interval misses": ((low > rank) | (high < rank)).any(),
        "bootstrap percentiles miss, of any model": missed.any(),
        "bootstrap percentiles miss, of a model": missed.mean(),
        "bootstrap percentiles miss, of the first": missed[ranking.order[0]],
        "width of the bootstrap percentiles": (drawn_high - drawn_low + 1).mean(),
    }


def _share(found: np.ndarray, unequal: np.ndarray) -> float:
    return float(found[unequal].mean()) if unequal.any() else np.nan


def simulate(repeats: int, resamples: int = 999) -> None:
    """Print the mean of each error over the repeats of each cohort and scenario."""
    for cohort, sizes in COHORTS.items():
        for name, (means, sd, noise) in SCENARIOS.items():
            rng = np.random.default_rng(11)
            found = []
            drawn = resamples if len(set(means)) == MODELS else 1
            for repeat in range(repeats):
                losses = simulated(rng, sizes, means, sd, noise)
                found.append(errors(ranked(losses, drawn, repeat), means))
            print(f"{cohort} patients; {name} ({repeats} repeats)")
            for error in found[0]:
                print(f"  {error}: {np.mean([row[error] for row in found]):.3f}", flush=True)


if __name__ == "__main__":
    simulate(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
