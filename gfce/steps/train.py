"""`gfce train`: the model of one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import torch_mb, trained_models, training_slices_mb, weights_mb
from gfce.images.modalities import MODALITIES
from gfce.steps.selections import begun_with, built_of, trained_on
from gfce.steps.step import CELL, EVERY, Hashes, Settings, Step, What, Work
from gfce.study import Cell

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

NO_EFFECT = ("training.checkpoint_minutes", "training.walltime_minutes")
"""Settings that change when a training saves, not what it learns."""


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    assert isinstance(what, Cell)
    training = ingredients.section("training")
    for name in NO_EFFECT:
        del training[name]
    settings = {
        **training,
        **ingredients.network(what),
        **ingredients.repair(what),
        **ingredients.identity(what),
    }
    seen = [*ingredients.training_sets[what.training_set], *ingredients.adapted_to(what)]
    inputs = ingredients.images(seen, MODALITIES)
    for finished in begun_with(ingredients.config, what):
        assert isinstance(finished, Cell)
        inputs |= ingredients.model(finished)
    return settings, inputs


def _estimate(job: Job) -> Estimate:
    size, cell = job.size, job.cell
    models = trained_models(size, cell) * weights_mb(size, cell)
    memory = torch_mb(size, cell) + training_slices_mb(size, cell) + models
    return Estimate(memory, job.speed.train_seconds(size, cell))


def _run(work: Work) -> None:
    from gfce.training.cell import train_cell

    train_cell(work.config, work.cell, work.init, work.known)


STEP = Step(
    module="gfce.training.cell",
    help="Train the model of one cell.",
    scope=CELL,
    reads={"index": EVERY, "leaks": EVERY, "preprocess": trained_on, "train": begun_with},
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    uses=built_of,
    takes_weights=True,
)
