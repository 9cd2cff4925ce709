"""`gfce compare`: tests, intervals and the data package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.steps.selections import metrics
from gfce.steps.step import EVERY, Hashes, Settings, Step, Task, What, Work
from gfce.steps.tabulate import statistics_estimate, statistics_modules
from gfce.study import cells

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

DESCRIBED = ("quality", "distances", "train", "dissect")
"""The data package describes what these have written as well."""


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    config = ingredients.config
    settings = {
        **ingredients.section("evaluation"),
        **ingredients.section("statistics"),
        "seed": config.seed,
        "study": config.study,
        **ingredients.grid(),
        **ingredients.design(),
    }
    tables = ("index", "quality", "distances", "baselines", "tabulate")
    described = [Task(step) for step in tables]
    described += [Task("train", cell) for cell in cells(config)]
    if config.dissection:
        described.append(Task("dissect"))
    if ingredients.alignment():
        described += [Task("preprocess", name) for name in config.cohort.institutions]
    return settings, ingredients.csv_files(*described)


def _run(work: Work) -> None:
    from gfce.statistics.inference.step import compare

    compare(work.config, work.known)


STEP = Step(
    module="gfce.statistics.inference.step",
    help="Test differences between models.",
    reads=dict.fromkeys(("tabulate", *DESCRIBED), EVERY),
    made_of=_made_of,
    estimate=statistics_estimate,
    run=_run,
    uses=lambda config, what: [*statistics_modules(), *metrics(config, what)],
    makes_do_without=frozenset(DESCRIBED),
)
