"""Figure 5: the patients behind the means, and paired differences on the same patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from matplotlib.figure import Figure

from gfce.config import StudyConfig
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.report.colours import model_looks
from gfce.report.distributions import draw_patients
from gfce.report.estimation import Axis, Block, draw_pairs, pages
from gfce.report.figure import FigureKind
from gfce.report.paired import (
    Shown,
    difference_axis,
    difference_blocks,
    loss_axis,
    loss_blocks,
)
from gfce.report.reading import read_scores, read_statistics
from gfce.statistics.design import groups
from gfce.statistics.inference import paired_tests, transfer
from gfce.statistics.inference.paired_tests import comparisons
from gfce.statistics.tables.aggregate import by_institution

FIGURE = FigureKind(
    title="Patients, and differences on the same patients",
    caption="Files patients_<metric>: every test patient's score, seeds averaged, by institution "
    "and model (box: quartiles and median, from five patients on; shaded: the model was trained "
    "there). The other files are estimation plots: each line is a patient, the black line joins "
    "the means; below, the mean difference with its 95 % interval, not adjusted for the number of "
    "comparisons. pooling: pooled against single-institution training, and normalization: one "
    "against another, over all external patients together, each with the same weight "
    "(statistics/paired_tests.csv). home_and_away: an institution's own model against those "
    "trained elsewhere, on its held-out patients; of MAE the mean is geometric and the loss is a "
    "ratio (statistics/transfer.csv); its Overall gives institutions equal weight, the black line "
    "patients.",
    reads=("tabulate", "compare"),
    each_network=True,
)
FAMILIES = {
    "A": ("pooling", "no pooled model beside a single-institution model of its institutions"),
    "B": ("normalization", "no second normalization"),
}
"""Families of paired tests (study): the name of their files, and why there is none."""
NO_EXTERNAL = "no external institution"
NO_GUESTS = "no two single-institution models of one normalization"


def draw(config: StudyConfig, network: str | None) -> Iterator[tuple[str, Figure]]:
    """Patients' scores, then the families of comparisons, a file or more each for each metric."""
    study, looks = read_scores(config), model_looks(config)
    tests = read_statistics(config, paired_tests.TABLE)
    losses = read_statistics(config, transfer.TABLE)
    models = [model for model in study.models if model.cell.network == network]
    everyone = pd.concat([study.scores, study.cross_scores], ignore_index=True)
    for metric in TESTED_METRICS:
        scores = by_institution(everyone, metric, [model.label for model in models])
        yield f"patients_{metric.name}", draw_patients(study.config, models, scores, metric, looks)
        shown = Shown(metric, scores, looks)
        for family, (name, none) in FAMILIES.items():
            chosen = [pair for pair in comparisons(models) if pair.family == family]
            blocks = difference_blocks(shown, chosen, tests)
            reason = NO_EXTERNAL if chosen else none
            yield from _files(f"{name}_{metric.name}", blocks, difference_axis(metric), reason)
        blocks = loss_blocks(shown, groups(models).values(), losses)
        yield from _files(f"home_and_away_{metric.name}", blocks, loss_axis(metric), NO_GUESTS)


def _files(
    name: str, blocks: Sequence[Block], axis: Axis, reason: str
) -> Iterator[tuple[str, Figure]]:
    """The files of a family; one that says why there is nothing to compare."""
    if not blocks:
        figure = Figure(figsize=(4.5, 0.5))
        figure.text(0.5, 0.5, reason, ha="center", va="center")
        yield name, figure
    for number, rows in enumerate(pages(blocks), start=1):
        yield name if number == 1 else f"{name}_{number}", draw_pairs(rows, axis)
