"""How well the interval and the p of distance_effect.csv hold what they promise.

Run: python benchmarks/distance_effect.py (about a minute).

Distances are of an institution plus a model's own offset; losses follow them by a slope, with a
difficulty of the institution that all models share. The true rho is that of 20,000 institutions.
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the workflow runs every step

import numpy as np
from scipy.stats import spearmanr

from gfce.statistics.methods.rank_correlation import bootstrap_interval, permutation_p, spearman

Points = tuple[np.ndarray, np.ndarray]


def draw(rng: np.random.Generator, institutions: int, models: int, slope: float) -> Points:
    """Distances and losses (institution, model)."""
    own, noise = rng.normal(size=(2, institutions, 1)), rng.normal(size=(2, institutions, models))
    distance = own[0] + np.linspace(-0.7, 0.7, models) + 0.4 * noise[0]
    return distance, slope * distance + own[1] + 0.3 * noise[1]


def coverage(rng: np.random.Generator, repeats: int) -> None:
    """Print how often the 95 % interval holds the true rho."""
    for models in (1, 4):
        for slope in (0.0, 0.6, 1.5):
            true = float(spearman(*(part.ravel() for part in draw(rng, 20_000, models, slope))))
            for institutions in (4, 5, 7, 10):
                drawn = (draw(rng, institutions, models, slope) for _ in range(repeats))
                bounds = [bootstrap_interval(*points, 399, seed=1) for points in drawn]
                held = np.mean([low <= true <= high for low, high in bounds])
                print(
                    f"{models} models, rho {true:.2f}, k = {institutions}: {held:.1%}", flush=True
                )


def level(rng: np.random.Generator, repeats: int) -> None:
    """Print how often p <= 0.05 where distances have no effect, and were points independent."""
    for institutions in (4, 5, 7, 10):
        found = []
        for _ in range(repeats):
            x, y = draw(rng, institutions, 4, 0.0)
            found.append((permutation_p(x, y, 1), spearmanr(x.ravel(), y.ravel()).pvalue))
        permuted, naive = (np.array(found) <= 0.05).mean(axis=0)
        print(f"k = {institutions}: permutation {permuted:.1%}, independent points {naive:.1%}")


if __name__ == "__main__":
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    coverage(np.random.default_rng(1), repeats)
    level(np.random.default_rng(2), repeats)
