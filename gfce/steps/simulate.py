"""`gfce simulate`: the simulated cohort as a BIDS dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB
from gfce.estimating.size import StudySize
from gfce.files import sha256
from gfce.steps.step import WHOLE, Hashes, Scope, Settings, Step, What, Work

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

SLICE_SECONDS = 30.0
"""A slice at a scanner's own voxels, on one core. The demo, whose voxels are 2.5 times as long,
takes 0.15 s a slice on a core; this allows for all protocols' numbers of pixels and slow nodes."""
WORKER_MB = 800
"""A process that simulates: 0.65 GB in the demo, more at a scanner's own voxels."""


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    simulation = ingredients.config.simulation
    table = simulation.protocols if simulation else None
    inputs = {"the table of protocols": sha256(table)} if table and table.exists() else {}
    settings = ingredients.section("simulation")
    settings.pop("simulation.protocols", None)
    return settings, inputs


def patient_seconds(size: StudySize) -> float:
    """Seconds of a simulated patient on one core."""
    simulation = size.config.simulation
    coarsening = simulation.coarsening if simulation else 1.0
    return SLICE_SECONDS / coarsening**2 * size.slices


def _estimate(job: Job) -> Estimate:
    seconds = 120 + job.size.all_patients * patient_seconds(job.size) / job.workers
    return Estimate(PYTHON_MB + WORKER_MB * job.workers, seconds)


def _run(work: Work) -> None:
    from gfce.cohort.simulating import simulate

    simulate(work.config, work.workers)


STEP = Step(
    module="gfce.cohort.simulating",
    help="Write the simulated cohort as a BIDS dataset.",
    scope=Scope(lambda config: [WHOLE] if config.simulation else []),
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    follows_index=False,
    is_of_dataset=True,
    has_workers=True,
)
