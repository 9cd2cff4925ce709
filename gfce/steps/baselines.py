"""`gfce baselines`: scores of two predictors that learn nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.estimating.job import Estimate, Job
from gfce.estimating.size import StudySize
from gfce.images.modalities import MODALITIES
from gfce.steps.evaluate import scoring_mb, scoring_seconds
from gfce.steps.selections import metrics, normalizations
from gfce.steps.step import EVERY, Hashes, Settings, Step, What, Work
from gfce.study import cells

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

PREDICTORS = 2
"""T1w itself, and the training set's mean CE (`gfce.evaluation.baselines`)."""


def scorings(size: StudySize) -> int:
    """How many volumes are scored: each predictor for each normalization and training set."""
    designs = {(cell.normalization, cell.training_set): cell for cell in cells(size.config)}
    return PREDICTORS * sum(size.test_patients(cell) for cell in designs.values())


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    settings = {
        **ingredients.average(),
        "grid.normalizations": ingredients.config.grid.normalizations,
        **ingredients.masks(),
        **ingredients.design(),
    }
    images = ingredients.images(ingredients.patients, (*MODALITIES, "tumour"))
    return settings, {**images, **ingredients.draws(), **ingredients.tests()}


def _estimate(job: Job) -> Estimate:
    return Estimate(scoring_mb(job.size), 120 + scorings(job.size) * scoring_seconds(job.size))


def _run(work: Work) -> None:
    from gfce.evaluation.baselines import evaluate_baselines

    evaluate_baselines(work.config)


STEP = Step(
    module="gfce.evaluation.baselines",
    help="Score two predictors that learn nothing.",
    reads={"index": EVERY, "leaks": EVERY, "preprocess": EVERY},
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    uses=lambda config, what: [*normalizations(config, what), *metrics(config, what)],
    must_fit=True,
)
