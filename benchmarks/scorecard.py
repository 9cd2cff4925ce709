"""How right the scorecard's enhancement is on simulated patients, and what it costs.

Run: python benchmarks/scorecard.py (minutes); a number is that of patients of each institution.
"""

from __future__ import annotations

import math
import os
import sys
import time
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the workflow runs every step

import numpy as np
import pandas as pd

from gfce.evaluation.enhancement import (
    BeforeAgent,
    compare_enhancement,
    enhancement_map,
    gain,
    reference_signal,
)
from gfce.evaluation.scoring import score_rows
from gfce.images.arrays import Geometry, Volume
from gfce.images.foreground import foreground
from gfce.images.volumes import to_array, to_image
from gfce.phantom.patient import SimulatedPatient, simulate_patient
from gfce.phantom.protocols import Protocol, read_protocols

THRESHOLD = 0.25
"""The default of `evaluation.enhancement_threshold`."""


def before_agent(patient: SimulatedPatient) -> BeforeAgent:
    geometry = Geometry(patient.spacing, patient.origin, patient.direction)
    t1w, t2w = (patient.images[name].astype(np.float32) for name in ("t1w", "t2w"))
    head = to_array(foreground(to_image(t1w, geometry), to_image(t2w, geometry))) > 0
    columns_mm, rows_mm, slices_mm = patient.spacing
    tumour = patient.images["tumour"] > 0
    return BeforeAgent(t1w, head, tumour, (slices_mm, rows_mm, columns_mm))


def one_patient(protocol: Protocol, index: int) -> dict[str, float]:
    """What is found beside what is true; seconds of the scores and of the enhancement."""
    patient, without_agent = (
        # Nearly the demo's sampling, which has 12 slices.
        simulate_patient(each, seed=2022, index=index, coarsening=2.5, slices=16)
        for each in (protocol, replace(protocol, dose_factor=0.0))
    )
    before = before_agent(patient)
    ce, without = (each.images["ce"].astype(np.float32) for each in (patient, without_agent))
    regions = {"foreground": before.head, "tumour": before.tumour}
    started = time.process_time()
    list(score_rows(ce, without, regions, "volume"))
    scored = time.process_time()
    row = compare_enhancement(before, ce, without, THRESHOLD)
    seconds = {
        "seconds_scores": scored - started,
        "seconds_enhancement": time.process_time() - scored,
    }
    true_ratio = float(ce[before.tumour].mean() / without[before.tumour].mean())
    return {**row, **voxels(before, ce, without), **seconds, "true_ratio": true_ratio}


def voxels(before: BeforeAgent, ce: Volume, without: Volume) -> dict[str, float]:
    """Shares of voxels that enhance truly, by the images, or by both."""
    gains = [gain(before, each) or math.nan for each in (ce, without)]
    true = (ce - without) / (gains[1] * before.once(reference_signal))
    truly = (true >= THRESHOLD) & before.head
    found = (enhancement_map(before, ce / gains[0]) >= THRESHOLD) & before.head
    return {
        "found_that_is_true": float((found & truly).sum() / found.sum()),
        "true_that_is_found": float((found & truly).sum() / truly.sum()),
        "tumour_that_is_found": float(found[before.tumour].mean()),
    }


def main(patients: int = 4) -> None:
    rows = [
        one_patient(protocol, index)
        for protocol in read_protocols().values()
        for index in range(patients)
    ]
    table = pd.DataFrame(rows)
    table["ratio_share"] = table["enhancement_ratio_real"] / table["true_ratio"]
    numbers = table.select_dtypes(float)
    print(numbers.agg(["mean", "std"]).T.to_string(float_format="%.3f"))
    print("correlation of the ratios", numbers["enhancement_ratio_real"].corr(table["true_ratio"]))
    seconds = table[["seconds_enhancement", "seconds_scores"]].sum()
    print("enhancement takes", seconds.iloc[0] / seconds.iloc[1], "of the scores' time")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
