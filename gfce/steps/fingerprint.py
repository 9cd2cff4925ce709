"""`gfce fingerprint`: what the training patients of each model are like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB
from gfce.steps.step import EVERY, Hashes, Settings, Step, Task, What, Work
from gfce.study import cells

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    measured = ingredients.files(Task("quality"), ingredients.results.quality)
    return (
        {"cells": [str(cell) for cell in cells(ingredients.config)]},
        {**measured, **ingredients.draws(), **ingredients.field_strengths()},
    )


def _estimate(job: Job) -> Estimate:
    """2 s in the demo: a few numbers of each patient."""
    return Estimate(PYTHON_MB + 1000, 300)


def _run(work: Work) -> None:
    from gfce.quality.fingerprint_step import write_fingerprints

    write_fingerprints(work.config)


STEP = Step(
    module="gfce.quality.fingerprint_step",
    help="Say in each model's folder what its training patients are like; nothing waits for it.",
    reads={"index": EVERY, "quality": EVERY},
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    passes_on=False,
)
