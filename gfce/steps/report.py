"""`gfce report`: the study on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.config import StudyConfig
from gfce.declarations import modules_of
from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB, volume_mb
from gfce.images.modalities import MODALITIES
from gfce.report.figure import PACKAGE as FIGURES
from gfce.report.portable import portable_text, text_hash
from gfce.steps.selections import metrics, normalizations
from gfce.steps.step import EVERY, Hashes, Settings, Step, What, Work
from gfce.steps.tabulate import statistics_modules
from gfce.study import cells

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

SHOWN_PATIENTS = 3
"""Patients that are shown whatever the number of institutions; each external one adds another."""
PREDICTION_SECONDS = 0.5
"""Reading a synthetic volume of 40 slices of 256 x 224; most of the step's time."""
VOLUME_COPIES = 20
"""Volumes of a patient that are held at a time while one after another becomes 8 bits."""
PAGE_MB = 200
"""The page, in parts and put together."""

READ = ("preprocess", "leaks", "quality", "train", "predict", "tabulate", "compare", "figures")
"""The steps whose results are shown as far as they are there."""


def uses_of_a_reader(config: StudyConfig, what: What) -> list[str]:
    """The modules that whatever shows the whole study finds by name."""
    found = [*statistics_modules(), *metrics(config, what), *normalizations(config, what)]
    return [*found, *modules_of(FIGURES)]


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    shown = {"the configuration": text_hash(portable_text(ingredients.config))}
    images = ingredients.images(ingredients.patients, (*MODALITIES, "tumour"))
    return {}, {**shown, **images, **ingredients.whole(*ingredients.read_by("report"))}


def _estimate(job: Job) -> Estimate:
    config = job.size.config
    patients = SHOWN_PATIENTS + len(config.cohort.institutions)
    models = sum(cell.seed == config.grid.seeds[0] for cell in cells(config))
    shown = patients * (len(MODALITIES) + models)
    memory = PYTHON_MB + PAGE_MB + (VOLUME_COPIES + shown / 4) * volume_mb(job.size)
    return Estimate(memory, 120 + PREDICTION_SECONDS * shown)


def _run(work: Work) -> None:
    from gfce.report.page.writing import write_report

    write_report(work.config, work.known)


STEP = Step(
    module="gfce.report.page.writing",
    help="Put the study on one page to look at and to hand on, report.html.",
    reads={"index": EVERY, **dict.fromkeys(READ, EVERY)},
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    uses=uses_of_a_reader,
    makes_do_without=frozenset(READ),
)
