"""How well the intervals of next_hospital.csv cover, when hospitals are a sample of hospitals.

Run: python benchmarks/next_hospital.py (some minutes).
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from itertools import cycle, islice

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the workflow runs every step

import numpy as np
from scipy import stats

from gfce.evaluation.metrics.mae import METRIC as MAE
from gfce.statistics.design import Model
from gfce.statistics.inference.institution_effects import (
    IMPROVEMENT,
    PAIRED,
    InstitutionEffects,
    drop,
    mean_of,
    paired_gain,
)
from gfce.statistics.inference.random_effects import hospital_rows
from gfce.study import Cell

SIZES = (18, 9, 9, 7)
"""Patients of external institutions, over and over; 18 patients of the internal test."""
CV = 0.2
"""SD of patients' MAE as a share of its mean; Table II of the paper: 0.11 to 0.35."""
NOISE = 0.08
"""The same within a patient, between models."""
DROP = 0.4
"""Log ratio of the mean over hospitals to the internal mean."""
GAIN = 0.1
Simulated = Callable[[np.random.Generator, np.ndarray], InstitutionEffects]


def model(k: int) -> Model:
    names = tuple(f"E{number}" for number in range(k))
    return Model("m", Cell("net", "min_max", "uni-A", 1), ("A",), names)


def spread(rng: np.random.Generator, size: int, cv: float) -> np.ndarray:
    """Gamma: positive, skewed, of mean 1."""
    return rng.gamma(1 / cv**2, cv**2, size)


def simulated_drop(rng: np.random.Generator, hospitals: np.ndarray) -> InstitutionEffects:
    of = model(len(hospitals))
    sizes = islice(cycle(SIZES), len(hospitals))
    means = {"A": mean_of(spread(rng, 18, CV))}
    for name, effect, n in zip(of.external, DROP + hospitals, sizes, strict=True):
        means[name] = mean_of(math.exp(effect) * spread(rng, n, CV))
    return drop(of, MAE, means)


def simulated_gain(rng: np.random.Generator, hospitals: np.ndarray) -> InstitutionEffects:
    of = model(len(hospitals))
    sizes = islice(cycle(SIZES), len(hospitals))
    at = {}
    for name, effect, n in zip(of.external, GAIN + hospitals, sizes, strict=True):
        patients = spread(rng, n, CV)
        reference = math.exp(effect) * patients * spread(rng, n, NOISE)
        at[name] = paired_gain(patients * spread(rng, n, NOISE), reference, MAE)
    return InstitutionEffects(IMPROVEMENT, MAE, of, "r", PAIRED, at)


def coverage(simulate: Simulated, truth: float, k: int, tau: float, repeats: int) -> str:
    """Shares of the intervals that hold the mean over hospitals, and a new hospital."""
    rng = np.random.default_rng([k, round(1000 * tau)])
    effects = [simulate(rng, rng.normal(0, tau, k)) for _ in range(repeats)]
    new = truth + rng.normal(0, tau, repeats)
    text = f"  k = {k:2d}, tau = {tau:.2f}:"
    rows = list(hospital_rows(effects))
    for estimator in ("REML", "DL"):
        found = [row for row in rows if row["estimator"] == estimator]
        low, high = (np.array([row[f"ci95_{b}"] for row in found]) for b in ("low", "high"))
        mean = np.mean((low <= truth) & (truth <= high))
        low, high = (np.array([row[f"pi95_{b}"] for row in found]) for b in ("low", "high"))
        covered = np.mean((low <= new) & (new <= high))
        width = np.median(high - low)
        text += f" {estimator} mean {mean:.1%}, new hospital {covered:.1%} (width {width:.2f});"
        if simulate is simulated_gain:
            half = (high - low) / 2 * stats.t.ppf(0.975, k - 1) / stats.t.ppf(0.975, k - 2)
            fewer = np.mean(np.abs(new - (low + high) / 2) <= half)
            text += f" with k - 1 {fewer:.1%};"
    return text


def main(repeats: int) -> None:
    for name, simulate, truth, taus in (
        ("drops of MAE", simulated_drop, DROP, (0.0, 0.1, 0.2, 0.4)),
        ("paired gains of MAE", simulated_gain, GAIN, (0.0, 0.05, 0.1, 0.2)),
    ):
        print(f"{name}, nominal 95 %, {repeats} repeats")
        for k in (4, 7, 13):
            for tau in taus:
                print(coverage(simulate, truth, k, tau, repeats), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
