"""How often the mixed model finds a difference between training sets where there is none.

Run: python benchmarks/mixed_model.py [repeats] (300: a minute or two).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the workflow runs every step

import numpy as np
import pandas as pd
from scipy import stats

from gfce.config import StudyConfig
from gfce.statistics.design import models
from gfce.statistics.inference.mixed_model import design_matrix
from gfce.statistics.methods.random_terms import PATIENT, random_terms
from gfce.statistics.methods.reml import fit_reml, mixed_data

NAMES = [f"Institution-{i}" for i in range(1, 8)]
SIZES = dict(zip(NAMES, (18, 18, 18, 18, 9, 9, 7), strict=True))
TERM = "training_set[tri]"
SPREADS = {"none": (0.0, 0.0), "half of the error's": (0.5, 0.5), "the error's": (1.0, 1.0)}
"""Standard deviations of model x institution and training set x institution; the error has 1."""


def design() -> tuple[StudyConfig, pd.DataFrame]:
    """The paper's test: a row for each model and patient."""
    cohort = {"dataset": "none", "development": NAMES[:3], "external": NAMES[3:]}
    config = StudyConfig.model_validate({"study": "benchmark", "cohort": cohort})
    rows = [
        (model.cell.normalization, model.cell.training_set, name, f"{name}/{patient}")
        for model in models(config)
        for name, _ in model.institutions()
        for patient in range(SIZES[name])
    ]
    columns = ["normalization", "training_set", "institution", "patient_id"]
    return config, pd.DataFrame(rows, columns=columns)


def found_by_chance(spread: tuple[float, float], repeats: int) -> dict[str, float]:
    """Share of studies with p < 0.05 for `TERM`, by random terms; patients have SD 2."""
    config, scores = design()
    fixed = design_matrix(config, scores)
    column, random = list(fixed.columns).index(TERM), random_terms(scores)
    groups = [["patient_id"], ["institution", "normalization", "training_set"]]
    groups.append(["institution", "training_set"])
    codes = [scores.groupby(keys, sort=False).ngroup().to_numpy() for keys in groups]
    rng, found = np.random.default_rng(4), {"patient alone": 0, "all": 0}
    kept = {"patient alone": {PATIENT: random.levels[PATIENT]}, "all": random.levels}
    for _ in range(repeats):
        score = rng.normal(size=len(scores))
        for code, sd in zip(codes, (2.0, *spread), strict=True):
            score += rng.normal(0, sd, code.max() + 1)[code]
        for name, levels in kept.items():
            fit = fit_reml(mixed_data(fixed.to_numpy(), score, random.institution, levels))
            t = fit.fixed[column] / fit.se[column]
            found[name] += 2 * stats.t.sf(abs(t), fit.df[column]) < 0.05
    return {name: count / repeats for name, count in found.items()}


if __name__ == "__main__":
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"{TERM}: p < 0.05 although there is no difference, nominal 5 % ({Path(__file__).stem})")
    for name, spread in SPREADS.items():
        shares = found_by_chance(spread, repeats)
        print(f"  interactions {name}: " + ", ".join(f"{k} {v:.1%}" for k, v in shares.items()))
