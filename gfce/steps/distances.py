"""`gfce distances`: how far apart the intensities of institutions and of training sets are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB, volume_mb
from gfce.images.modalities import MODALITIES
from gfce.steps.selections import normalizations
from gfce.steps.step import EVERY, Hashes, Settings, Step, What, Work

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

SCALE_SECONDS = 1
"""A patient on one scale: 0.01 s in the demo."""
VOLUME_COPIES = 20
"""Volumes of a patient and what is computed of them at a time."""
CURVES_MB = 0.013
"""A patient's quantile functions on one scale."""


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    settings = {
        "grid.normalizations": ingredients.config.grid.normalizations,
        **ingredients.design(),
    }
    images = ingredients.images(ingredients.patients, MODALITIES)
    return settings, {**images, **ingredients.draws()}


def _estimate(job: Job) -> Estimate:
    config = job.size.config
    # At most one for each training set.
    scales = len(config.grid.normalizations) * len(config.training_sets())
    measured = scales * job.size.all_patients
    memory = PYTHON_MB + VOLUME_COPIES * volume_mb(job.size) + CURVES_MB * measured
    return Estimate(memory, 120 + SCALE_SECONDS * measured)


def _run(work: Work) -> None:
    from gfce.quality.distances_step import distances

    distances(work.config)


STEP = Step(
    module="gfce.quality.distances_step",
    help="Measure how far apart the intensities of institutions are; no model waits for it.",
    reads={"index": EVERY, "preprocess": EVERY},
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    uses=normalizations,
    must_fit=True,
)
