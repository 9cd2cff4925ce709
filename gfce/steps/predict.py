"""`gfce predict`: the synthetic CE volumes of a cell's test patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import torch_mb, volume_mb, weights_mb
from gfce.images.modalities import INPUTS
from gfce.steps.selections import built_of, tested_on
from gfce.steps.step import CELL, EVERY, Hashes, Settings, Step, What, Work, same
from gfce.study import Cell

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

INFERENCE = ("device", "precision", "batch_size", "threads")
"""Settings of a training that a prediction depends on too."""
VOLUME_COPIES = 20
"""Inputs, outputs and their normalized and compressed forms of one patient."""


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    assert isinstance(what, Cell)
    training = ingredients.section("training")
    settings = {f"training.{name}": training[f"training.{name}"] for name in INFERENCE}
    model = ingredients.model(what)
    tested = ingredients.images(ingredients.tested_on(what), INPUTS)
    settings |= {**ingredients.repair(what), **ingredients.identity(what)}
    return settings, {**model, **tested}


def _estimate(job: Job) -> Estimate:
    size, cell = job.size, job.cell
    memory = torch_mb(size, cell) + VOLUME_COPIES * volume_mb(size) + weights_mb(size, cell)
    return Estimate(memory, job.speed.predict_seconds(size, cell))


def _run(work: Work) -> None:
    from gfce.evaluation.predict import predict

    predict(work.config, work.cell)


STEP = Step(
    module="gfce.evaluation.predict",
    help="Synthesise CE volumes of a cell's test patients.",
    scope=CELL,
    reads={"index": EVERY, "leaks": EVERY, "train": same, "preprocess": tested_on},
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    uses=built_of,
)
