"""`gfce evaluate`: scores of a cell's predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB, volume_mb
from gfce.estimating.size import StudySize
from gfce.images.modalities import MODALITIES
from gfce.steps.selections import normalization_and_metrics, tested_on
from gfce.steps.step import CELL, EVERY, Hashes, Settings, Step, Task, What, Work, same
from gfce.study import Cell, test_institutions

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

SCORING_COPIES = 40
"""Volumes of float32 that a patient's scores take at a time; errors are float64."""
SCORING_SECONDS, PIXEL_SECONDS = 1.0, 2e-6
"""A patient's scores in both scalings, and of each pixel of them: on one core 0.1 s for 16 slices
of 96 x 84, 1.3 s for 40 of 256 x 224, twice that on a busy one; similarity maps take most of it."""


def scoring_seconds(size: StudySize) -> float:
    """Seconds of one synthetic volume's scores."""
    return SCORING_SECONDS + PIXEL_SECONDS * size.pixels * size.slices


def scoring_mb(size: StudySize) -> float:
    """Memory of a job that scores, in MB."""
    return PYTHON_MB + 500 + SCORING_COPIES * volume_mb(size)


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    assert isinstance(what, Cell)
    settings = {
        **ingredients.average(),
        **ingredients.enhancement(),
        **ingredients.nested("cohort", test_institutions(ingredients.config, what)),
        **ingredients.masks(),
        **ingredients.identity(what),
    }
    model = ingredients.files(Task("train", what), ingredients.results.normalization(what))
    tested = ingredients.images(ingredients.tested_on(what), (*MODALITIES, "tumour"))
    return settings, {**model, **ingredients.whole(Task("predict", what)), **tested}


def _estimate(job: Job) -> Estimate:
    patients = job.size.test_patients(job.cell)
    return Estimate(scoring_mb(job.size), 60 + patients * scoring_seconds(job.size))


def _run(work: Work) -> None:
    from gfce.evaluation.evaluate import evaluate

    evaluate(work.config, work.cell)


STEP = Step(
    module="gfce.evaluation.evaluate",
    help="Score a cell's predictions.",
    scope=CELL,
    reads={
        "index": EVERY,
        "leaks": EVERY,
        "train": same,
        "predict": same,
        "preprocess": tested_on,
    },
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    uses=normalization_and_metrics,
    must_fit=True,
)
