"""How fast the statistics are, and how well their intervals cover.

Run: python benchmarks/inference.py (some minutes); `speed` or `coverage` for one of the two.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the workflow runs every step

import numpy as np
import pandas as pd
from scipy import stats

from gfce.config import StudyConfig
from gfce.evaluation.metrics import METRICS
from gfce.evaluation.metrics.mae import METRIC as MAE
from gfce.statistics.design import models
from gfce.statistics.inference.home_and_away import Loss, overall_loss
from gfce.statistics.inference.paired_tests import paired_test
from gfce.statistics.inference.scales import LOG_RATIO, PERCENT
from gfce.statistics.inference.step import compare
from gfce.statistics.methods.bootstrap import bca_intervals
from gfce.statistics.methods.delta import delta_intervals
from gfce.statistics.methods.patients import Estimator, Patients
from gfce.statistics.tables.step import tabulate
from gfce.study import Cell, Results, cells, model_label, test_institutions

NAMES = [f"Institution-{i}" for i in range(1, 8)]
SIZES = dict(zip(NAMES, (18, 18, 18, 18, 9, 9, 7), strict=True))


def paper(results: Path, seeds: int, resamples: int = 9999) -> StudyConfig:
    return StudyConfig.model_validate(
        {
            "study": "benchmark",
            "results": results,
            "cohort": {"dataset": "none", "development": NAMES[:3], "external": NAMES[3:]},
            "grid": {"seeds": list(range(1, seeds + 1))},
            "statistics": {"bootstrap_resamples": resamples},
        }
    )


def write_metrics(config: StudyConfig, cell: Cell, cohort: int, rng: np.random.Generator) -> int:
    """Scores of one cell's test patients in three regions and two scalings."""
    cohorts = test_institutions(config, cell)
    patients = [(name, number) for name in cohorts for number in range(cohort * SIZES[name])]
    frame = pd.DataFrame(patients, columns=["institution", "number"])
    choices = pd.MultiIndex.from_product(
        [["volume", "foreground", "tumour"], ["reference", "separate"]], names=["region", "scaling"]
    )
    frame = frame.merge(choices.to_frame(index=False), how="cross")
    frame = frame.assign(
        network=cell.network,
        normalization=cell.normalization,
        training_set=cell.training_set,
        model=model_label(config, cell),
        seed=cell.seed,
        cohort=frame["institution"].map(cohorts),
        patient_id=frame["institution"].str[-1] + frame["number"].map("{:03d}".format),
        n_voxels=1000,
        mae=rng.gamma(40, 0.001, len(frame)),
        psnr_db=rng.normal(30, 2, len(frame)),
        ssim=rng.uniform(0.8, 1, len(frame)),
        nmse=rng.gamma(40, 0.001, len(frame)),
        ms_ssim=rng.uniform(0.8, 1, len(frame)),
        nmi=rng.uniform(1.1, 1.4, len(frame)),
        hfen=rng.gamma(40, 0.02, len(frame)),
    )
    path = Results(config).cell_metrics(cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.drop(columns="number").to_csv(path, index=False)
    return len(frame)


def speed(seeds: int, cohort: int) -> None:
    """Time both steps with so many seeds and `cohort` times the paper's test patients."""
    rng = np.random.default_rng(0)
    print(f"{seeds} seeds, {cohort} x the paper's test patients")
    with tempfile.TemporaryDirectory() as folder:
        config = paper(Path(folder), seeds)
        rows = sum(write_metrics(config, cell, cohort, rng) for cell in cells(config))
        for name, step in (("tabulate", tabulate), ("compare", compare)):
            start = time.perf_counter()
            step(config)
            print(f"  {name}: {rows} rows in {time.perf_counter() - start:.1f} s")


def coverage_of_paired_intervals(repeats: int = 2000) -> None:
    """Paired t interval of the mean difference; scores normal, and log-normal (skewed)."""
    rng = np.random.default_rng(1)
    print("paired t interval, nominal 95 %")
    for n in (7, 9, 18, 43):
        normal = rng.normal(0.5, 1, size=(repeats, n))
        skewed = rng.lognormal(0, 0.5, size=(repeats, n))
        shares = [_covered(normal, 0.5), _covered(skewed, float(np.exp(0.125)))]
        print(f"  n = {n:2d}: normal {shares[0]:.1%}, log-normal {shares[1]:.1%}")


def _covered(samples: np.ndarray, truth: float) -> float:
    tests = (paired_test(sample, np.zeros(len(sample))) for sample in samples)
    return float(np.mean([test.ci95_low <= truth <= test.ci95_high for test in tests]))


def family_wise_error(repeats: int = 5000) -> None:
    """Share of family A's with a false finding, all models being equal on every patient's level.

    36 tests of one metric: two pooled models, three uni models each, six scopes of which one (all
    external patients) holds four others. Holm finds something if the smallest p is below 0.05 / 36.
    """
    rng, smallest = np.random.default_rng(3), np.ones(repeats)
    external = np.cumsum([18, 9, 9, 7])[:-1]
    for _normalization in range(2):
        tri = rng.normal(size=(repeats, 3 * 18 + 43))
        for uni in range(3):
            other = rng.normal(size=(repeats, 18 + 43))
            internal = tri[:, 18 * uni : 18 * (uni + 1)] - other[:, :18]
            outside = tri[:, 54:] - other[:, 18:]
            for scope in (internal, outside, *np.split(outside, external, axis=1)):
                smallest = np.minimum(smallest, stats.ttest_1samp(scope, 0, axis=1).pvalue)
    print(f"family-wise error of family A, nominal 5 %: {(smallest < 0.05 / 36).mean():.1%}")


def coverage_of_drops(repeats: int = 1000, resamples: int = 999) -> None:
    """Intervals of the drop of Uni-m1, with the paper's means and SDs, by number of patients."""
    print(f"BCa ({resamples} resamples) and delta intervals of a drop, nominal 95 %")
    of_all = (dict.fromkeys(PRINTED, n) for n in (43, 7, 5, 4, 3))
    of_two = ({1: n, 4: n} for n in (7, 5, 4, 3))
    for sizes in (dict(zip(PRINTED, (18, 18, 9, 9, 7), strict=True)), *of_all, *of_two):
        for shape in ("normal", "gamma"):
            shares = _coverage_of_a_drop(sizes, shape, repeats, resamples)
            numbers = ", ".join(str(size) for size in sizes.values())
            print(f"  patients {numbers}; {shape}: {shares}", flush=True)


PRINTED = {1: (25.39, 3.59), 4: (52.12, 10.89), 5: (35.03, 6.56), 6: (34.97, 4.02)}
PRINTED |= {7: (40.80, 9.12)}
"""Mean and SD of Uni-m1's MAE at its own and the external institutions."""


def _coverage_of_a_drop(sizes: dict[int, int], shape: str, repeats: int, resamples: int) -> str:
    """Of patients of these institutions, the first of them being the internal one."""
    names = [f"Institution-{i}" for i in sizes]
    first, scales = models(paper(Path("results"), seeds=1))[0], (PERCENT, LOG_RATIO)
    model = replace(first, external=tuple(names[1:]))
    external = float(np.mean([PRINTED[i][0] for i in list(sizes)[1:]]))
    truth = [float(scale.change(PRINTED[1][0], external)) for scale in scales]
    rng, hits = np.random.default_rng(2), np.zeros((2, 2))
    for repeat in range(repeats):
        scores = (_scores(rng, shape, *PRINTED[i], size) for i, size in sizes.items())
        drawn = dict(zip(names, scores, strict=True))
        estimator = Estimator(
            Patients([model], drawn),
            lambda means: [means.drop(model, MAE, scale.change) for scale in scales],
        )
        sample = estimator.patients.sample(MAE, [(model, n) for n, _ in model.institutions()])
        for method, (low, high) in enumerate(
            (
                bca_intervals(estimator, resamples, repeat),
                delta_intervals(estimator, [sample, sample]),
            )
        ):
            hits[method] += (low <= truth) & (truth <= high)
    named = zip(("BCa", "delta"), hits / repeats, strict=True)
    return "; ".join(f"{n} {c[0]:.1%} in percent, {c[1]:.1%} in log ratios" for n, c in named)


def coverage_of_overall_loss(repeats: int = 5000) -> None:
    """Interval of the Overall loss by transfer; three institutions with SDs of 0.1, 0.2 and 0.3."""
    print("Satterthwaite's interval of the Overall loss by transfer, nominal 95 %")
    for size in (3, 7, 18):
        for shape in ("normal", "skewed"):
            rng, hits = np.random.default_rng(4), 0
            for _ in range(repeats):
                losses = {str(sd): _loss_sample(rng, shape, sd, size) for sd in (0.1, 0.2, 0.3)}
                found = overall_loss({k: (Loss(size, loss=v.mean()), v) for k, v in losses.items()})
                hits += found.low <= 0.4 <= found.high
            print(f"  {size} patients each; {shape}: {hits / repeats:.1%}")


def _loss_sample(rng: np.random.Generator, shape: str, sd: float, size: int) -> np.ndarray:
    """Losses with the mean 0.4; skewed: with that of an exponential distribution, 2."""
    draw = rng.normal(size=size) if shape == "normal" else rng.exponential(size=size) - 1
    return 0.4 + sd * draw


def _scores(rng: np.random.Generator, shape: str, mean: float, sd: float, size: int) -> np.ndarray:
    draw = (
        rng.normal(mean, sd, size)
        if shape == "normal"
        else stats.gamma(mean**2 / sd**2, scale=sd**2 / mean).rvs(size, random_state=rng)
    )
    return np.repeat(draw[:, None], len(METRICS), axis=1)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["speed", "coverage"]
    if "speed" in wanted:
        speed(seeds=5, cohort=6)
        speed(seeds=30, cohort=1)
    if "coverage" in wanted:
        coverage_of_paired_intervals()
        family_wise_error()
        coverage_of_drops()
        coverage_of_overall_loss()
