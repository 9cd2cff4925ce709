"""`gfce index`: who takes part, the split and the training sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.config import Bids
from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB
from gfce.steps.step import EVERY, Hashes, Settings, Step, What, Work
from gfce.study import set_aside

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

PATIENT_SECONDS = 10
"""A patient's volumes, each read once for its checksum, geometry and plausibility: 0.1 s in the
demo on one core; volumes of a hospital have fifty times as many voxels."""
WORKER_MB = 500
"""A process that reads a patient: 0.5 GB in the demo for three of them."""


def patients_estimate(job: Job) -> Estimate:
    """Of a step that reads each patient once."""
    seconds = 120 + job.size.all_patients * PATIENT_SECONDS / job.workers
    return Estimate(PYTHON_MB + WORKER_MB * job.workers, seconds)


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    config = ingredients.config
    cohort = ingredients.section("cohort")
    del cohort["cohort.dataset"], cohort["cohort.two_persons"]
    usual = ingredients.nested("cohort.bids", Bids().model_dump(mode="json"))
    # Studies from before these keys were, have none of them.
    cohort = {key: value for key, value in cohort.items() if (key, value) not in usual.items()}
    sets = {f"training_sets.{name}": names for name, names in config.training_sets().items()}
    settings = {**cohort, **ingredients.alignment(), "seed": config.seed, **sets}
    if count := set_aside(config):
        settings["patients set aside for repairs"] = count
    return settings, ingredients.dataset()


def _run(work: Work) -> None:
    from gfce.cohort.index import index

    index(work.config, work.workers)


STEP = Step(
    module="gfce.cohort.index",
    help="Check the dataset; draw the training sets.",
    reads={"simulate": EVERY},
    made_of=_made_of,
    estimate=patients_estimate,
    run=_run,
    follows_index=False,
    has_workers=True,
)
