"""`gfce quality`: what the volumes are like, for a person who looks them over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB, volume_mb
from gfce.images.modalities import MODALITIES
from gfce.steps.step import EVERY, Hashes, Settings, Step, What, Work

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

PATIENT_SECONDS = 5
"""A patient: 0.15 s in the demo, 1 s at full size and 5 s with 155 slices, on one core."""
VOLUME_COPIES = 20
"""Volumes of a patient and what is computed of them at a time, in double precision."""
PICTURES_MB = 0.2
"""A patient's pictures and rows, as text and again in the page."""


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    cohort = ingredients.config.cohort
    roles = {"cohort.development": cohort.development, "cohort.external": cohort.external}
    images = ingredients.images(ingredients.patients, MODALITIES)
    return roles, {**images, **ingredients.institutions()}


def _estimate(job: Job) -> Estimate:
    patients = job.size.all_patients
    memory = PYTHON_MB + VOLUME_COPIES * volume_mb(job.size) + PICTURES_MB * patients
    return Estimate(memory, 120 + PATIENT_SECONDS * patients)


def _run(work: Work) -> None:
    from gfce.quality.step import quality

    quality(work.config)


STEP = Step(
    module="gfce.quality.step",
    help="Look over the volumes; no model waits for it.",
    reads={"index": EVERY, "preprocess": EVERY},
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
)
