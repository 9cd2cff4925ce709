"""`gfce figures`: the study's figures, one task each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB, volume_mb
from gfce.images.modalities import MODALITIES
from gfce.images.normalizations import NORMALIZATIONS
from gfce.report.figure import StudyFigure, study_figures
from gfce.report.shown_models import shown_cells
from gfce.steps.selections import normalizations
from gfce.steps.step import WHOLE, Hashes, Scope, Selection, Settings, Step, What, Work

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

PATIENT_SECONDS = 2
"""Reading a patient: 0.1 s in the demo. START_SECONDS are for the import of Matplotlib and for the
drawing, which takes 6 to 9 s there."""
START_SECONDS = 300
VOLUME_COPIES = 40
"""Volumes that a figure holds at a time: all models' of one patient, real and synthetic."""
TABLES = ("distances", "dissect", "tabulate", "compare")
READ = ("index", "preprocess", "train", "predict", *TABLES)
"""Steps whose results a figure may show, those that it reads the tables of last."""


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
        if step in ("index", *TABLES):
            return [WHOLE]
        if step == "preprocess":
            return config.cohort.institutions
        return shown_cells(config, shown)

    return select


def _network(ingredients: Ingredients, name: str) -> Settings:
    """What a network is built of, and the slices that it is drawn for."""
    config = ingredients.config
    options = ingredients.nested("network", config.network(name).model_dump(mode="json"))
    bounded = NORMALIZATIONS[config.grid.normalizations[0]].bounded
    matrix = {"images.matrix": list(config.images.matrix)}
    return {"network.name": name, **options, "network.bounded": bounded, **matrix}


def _settings(ingredients: Ingredients, shown: StudyFigure) -> Settings:
    if shown.kind.draws_network and shown.network:
        return _network(ingredients, shown.network)
    settings = {**ingredients.grid(), **ingredients.design()}
    if shown.kind.chosen_models:
        settings["models"] = [str(cell) for cell in shown_cells(ingredients.config, shown)]
    return settings


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    settings = _settings(ingredients, study_figures(ingredients.config)[str(what)])
    read = ingredients.read_by("figures", what)
    inputs = ingredients.whole(*(task for task in read if task.cell))
    if any(task.step == "preprocess" for task in read):
        inputs |= ingredients.images(ingredients.patients, MODALITIES)
    if any(task.step == "index" for task in read):
        inputs |= ingredients.draws()
    if any(task.step == "tabulate" for task in read):
        settings |= ingredients.scaling()
    tables = [task for task in read if task.step in TABLES]
    return settings, inputs | ingredients.csv_files(*tables)


def _estimate(job: Job) -> Estimate:
    shown = study_figures(job.size.config).get(str(job.what))
    if shown and "preprocess" not in shown.kind.reads:
        return Estimate(PYTHON_MB + 2000, START_SECONDS)  # of tables alone
    memory = PYTHON_MB + 2000 + VOLUME_COPIES * volume_mb(job.size)
    return Estimate(memory, START_SECONDS + PATIENT_SECONDS * job.size.all_patients)


def _uses(config: StudyConfig, what: What) -> list[str]:
    shown = study_figures(config)[str(what)]
    if shown.kind.draws_network and shown.network:
        architecture = config.network(shown.network).architecture
        return [shown.module, f"gfce.networks.{architecture}"]
    return [shown.module, *normalizations(config, what)]


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
