"""`gfce leaks`: nobody is in training and test at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.estimating.job import Estimate, Job
from gfce.images.modalities import MODALITIES
from gfce.steps.index import patients_estimate
from gfce.steps.preprocess import registration_seconds
from gfce.steps.step import EVERY, Hashes, Settings, Step, What, Work

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    persons = {"cohort.two_persons": ingredients.config.cohort.two_persons}
    images = ingredients.images(ingredients.patients, MODALITIES)
    settings = {**persons, **ingredients.alignment(), **ingredients.design()}
    return settings, {**images, **ingredients.draws(), **ingredients.tests()}


def _estimate(job: Job) -> Estimate:
    reading = patients_estimate(job)
    registering = registration_seconds(job) * job.size.all_patients / job.workers
    return Estimate(reading.memory_mb, reading.seconds + registering)


def _run(work: Work) -> None:
    from gfce.cohort.leaks import guard

    guard(work.config, work.workers)


STEP = Step(
    module="gfce.cohort.leaks.step",
    help="Look for patients in both training and test.",
    reads={"index": EVERY},
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    passes_on=False,
    has_workers=True,
)
