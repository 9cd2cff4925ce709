"""`gfce figures`: the study's figures, one task each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB, volume_mb
from gfce.images.modalities import MODALITIES
from gfce.report.figure import study_figures
from gfce.steps.selections import normalizations
from gfce.steps.step import WHOLE, Hashes, Scope, Selection, Settings, Step, What, Work
from gfce.study import cells

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

PATIENT_SECONDS = 2
"""Reading a patient: 0.1 s in the demo. START_SECONDS are for the import of Matplotlib and for the
drawing, which takes 6 to 9 s there."""
START_SECONDS = 300
VOLUME_COPIES = 40
"""Volumes that a figure holds at a time: all models' of one patient, real and synthetic."""
READ = ("index", "preprocess", "train", "predict", "dissect", "compare")
"""Steps whose results a figure may show."""
OF_STUDY = ("index", "dissect", "compare")
"""Those of them that are done once."""


def _chosen(config: StudyConfig, names: list[str]) -> list[str]:
    known = list(study_figures(config))
    for name in names:
        if name not in known:
            raise UserError(f"figure {name}: not one of {', '.join(known)}")
    return names or known


def _read(step: str) -> Selection:
    """The results of a step that a figure shows."""

    def select(config: StudyConfig, what: What) -> Iterable[What]:
        shown = study_figures(config)[str(what)]
        if step not in shown.kind.reads:
            return []
        if step in OF_STUDY:
            return [WHOLE]
        if step == "preprocess":
            return config.cohort.institutions
        return [cell for cell in cells(config) if shown.network in (None, cell.network)]

    return select


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    settings = {**ingredients.grid(), **ingredients.design()}
    read = ingredients.read_by("figures", what)
    inputs = ingredients.whole(*(task for task in read if task.cell))
    if any(task.step == "preprocess" for task in read):
        inputs |= ingredients.images(ingredients.patients, MODALITIES)
    if any(task.step == "index" for task in read):
        inputs |= ingredients.draws()
    tables = [task for task in read if task.step in ("dissect", "compare")]
    return settings, inputs | ingredients.csv_files(*tables)


def _estimate(job: Job) -> Estimate:
    shown = study_figures(job.size.config).get(str(job.what))
    if shown and "preprocess" not in shown.kind.reads:
        return Estimate(PYTHON_MB + 2000, START_SECONDS)  # of tables alone
    memory = PYTHON_MB + 2000 + VOLUME_COPIES * volume_mb(job.size)
    return Estimate(memory, START_SECONDS + PATIENT_SECONDS * job.size.all_patients)


def _uses(config: StudyConfig, what: What) -> list[str]:
    return [study_figures(config)[str(what)].module, *normalizations(config, what)]


def _run(work: Work) -> None:
    from gfce.report.drawing import draw_figure

    draw_figure(work.config, str(work.what))


STEP = Step(
    module="gfce.report.drawing",
    help="Draw the figures.",
    scope=Scope(study_figures, "figure", "figure1, ... (none: all)", _chosen, several=True),
    reads={step: _read(step) for step in READ},
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    uses=_uses,
)
