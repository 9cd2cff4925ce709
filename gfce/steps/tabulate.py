"""`gfce tabulate`: metrics.csv and the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.declarations import modules_of
from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB
from gfce.steps.selections import metrics
from gfce.steps.step import EVERY, Hashes, Settings, Step, What, Work

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

STATISTICS = ("gfce.statistics.tables", "gfce.statistics.inference")
"""Packages whose tables are found by name."""


def statistics_estimate(job: Job) -> Estimate:
    """Of a step that reads tables.

    3 to 4 s and 0.2 GB in the demo; 100,800 rows of metrics take 15 s (benchmarks/README.md).
    """
    return Estimate(PYTHON_MB + 1000, 600)


def statistics_modules() -> list[str]:
    """The modules of all tables."""
    return [module for package in STATISTICS for module in modules_of(package)]


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    from gfce.provenance.remote import remote_inputs  # which is made of the steps' declarations

    settings = {**ingredients.section("evaluation"), **ingredients.grid(), **ingredients.design()}
    scores = [
        task for task in ingredients.read_by("tabulate") if task.step in ("evaluate", "baselines")
    ]
    return settings, {
        **ingredients.whole(*scores),
        **ingredients.draws(),
        **remote_inputs(ingredients.config),
    }


def _run(work: Work) -> None:
    from gfce.statistics.tables.step import tabulate

    tabulate(work.config, work.known)


STEP = Step(
    module="gfce.statistics.tables.step",
    help="Gather the metrics and write tables 1 to 5.",
    reads={"index": EVERY, "evaluate": EVERY, "baselines": EVERY},
    made_of=_made_of,
    estimate=statistics_estimate,
    run=_run,
    uses=lambda config, what: [*statistics_modules(), *metrics(config, what)],
    makes_do_without=frozenset({"evaluate", "baselines"}),
)
