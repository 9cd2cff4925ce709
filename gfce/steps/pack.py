"""`gfce pack`: what reviewers ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.report.portable import portable_text, text_hash
from gfce.steps.report import uses_of_a_reader
from gfce.steps.step import EVERY, Hashes, Settings, Step, What, Work
from gfce.steps.tabulate import statistics_estimate

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

READ = (
    *("preprocess", "leaks", "baselines", "distances", "quality", "train", "fingerprint"),
    *("predict", "evaluate", "dissect", "tabulate", "compare", "figures", "report"),
)
"""The steps whose results are described as far as they are there: all before it."""


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    shown = {"the configuration": text_hash(portable_text(ingredients.config))}
    return {}, {**shown, **ingredients.whole(*ingredients.read_by("pack"))}


def _run(work: Work) -> None:
    from gfce.report.reviewer.writing import write_pack

    write_pack(work.known)


STEP = Step(
    module="gfce.report.reviewer.writing",
    help="Fill checklists, write cards of data and models, describe the results as an RO-Crate.",
    reads={"index": EVERY, **dict.fromkeys(READ, EVERY)},
    made_of=_made_of,
    estimate=statistics_estimate,
    run=_run,
    uses=uses_of_a_reader,
    makes_do_without=frozenset(READ),
)
