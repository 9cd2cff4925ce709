"""`gfce dissect`: which factor of the protocol causes how much of a simulated drop.

It is part of studies that have a section `dissection`: in a small one it takes as long as all else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gfce.config import StudyConfig
from gfce.declarations import modules_of
from gfce.dissection.coalitions import most_coalitions
from gfce.dissection.factors import FACTORS
from gfce.dissection.who import asked, dissected_cells
from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB, torch_mb, volume_mb
from gfce.estimating.size import StudySize
from gfce.estimating.speed import INFERENCE
from gfce.files import sha256
from gfce.images.modalities import MODALITIES
from gfce.steps.predict import INFERENCE as INFERENCE_SETTINGS
from gfce.steps.selections import metrics, normalizations
from gfce.steps.simulate import WORKER_MB, patient_seconds
from gfce.steps.step import EVERY, WHOLE, Hashes, Scope, Settings, Step, Task, What, Work
from gfce.study import model_label

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

AGAIN = 0.15
"""Time of another examination of a patient against the first: the anatomy is painted already. In
the demo 0.2 s of 1.4 s."""
RESAMPLING_SECONDS = 1.0
"""Resampling and storing an examination: 0.1 s in the demo."""
PAINTED_MB = 1500
"""A patient's tissue fractions for two samplings, 0.5 GB at a scanner's own voxels, and copies."""


def _chosen(config: StudyConfig, names: list[str]) -> Iterable[What]:
    asked(config)
    return [WHOLE]


def _cells(config: StudyConfig, what: What) -> Iterable[What]:
    return dissected_cells(config)


def _external(config: StudyConfig, what: What) -> Iterable[What]:
    return config.cohort.external


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    config, results = ingredients.config, ingredients.results
    simulation, training = config.simulation, ingredients.section("training")
    settings = {
        **ingredients.section("simulation"),
        **(ingredients.section("dissection") if config.dissection else {}),
        **{f"training.{name}": training[f"training.{name}"] for name in INFERENCE_SETTINGS},
        **ingredients.average(),
        "evaluation.scaling": config.evaluation.scaling,
        "cohort.external": config.cohort.external,
        **{f"label.{cell}": model_label(config, cell) for cell in dissected_cells(config)},
        "seed": config.seed,
    }
    settings.pop("simulation.protocols", None)
    table = simulation.protocols if simulation else None
    inputs = {"the table of protocols": sha256(table)} if table and table.exists() else {}
    inputs |= ingredients.images(_imaged(ingredients), MODALITIES)
    for cell in dissected_cells(config):
        model = (results.weights(cell), results.normalization(cell))
        inputs |= ingredients.files(Task("train", cell), *model)
        inputs |= ingredients.files(Task("evaluate", cell), results.cell_metrics(cell))
    return settings, inputs


def _imaged(ingredients: Ingredients) -> list[str]:
    """The external test patients of the models."""
    config, patients = ingredients.config, ingredients.patients
    # In an order that is the same in every process.
    tested = dict.fromkeys(
        p for cell in dissected_cells(config) for p in ingredients.tested_on(cell)
    )
    return [p for p in tested if patients[p]["institution"] in config.cohort.external]


def _examinations(size: StudySize) -> tuple[int, int]:
    """Patients, each once for each training institution, and the examinations of one of them."""
    config, dissection = size.config, size.config.dissection
    most = dissection.patients if dissection else None
    patients = [size.tested_at(name) for name in config.cohort.external]
    number = sum(each if most is None else min(each, most) for each in patients)
    factors = len(dissection.factors or FACTORS) if dissection else len(FACTORS)
    orders = dissection.orders if dissection else 2
    institutions = len(set(dissected_cells(config).values()))
    return number * institutions, min(2**factors, most_coalitions(factors, orders))


def _estimate(job: Job) -> Estimate:
    size, grid = job.size, list(dissected_cells(job.size.config))
    patients, each = _examinations(size)
    slices = size.slices / size.config.training.batch_size
    prediction = max(
        (INFERENCE * slices * job.speed.step_seconds(size, cell) for cell in grid), default=0.0
    )
    models = len(grid) / max(len({*dissected_cells(size.config).values()}), 1)
    simulation = AGAIN * patient_seconds(size) + RESAMPLING_SECONDS
    first = 2 * patient_seconds(size)
    seconds = patients * (first + each * (simulation + models * prediction))
    torch = max((torch_mb(size, cell) for cell in grid), default=0.0)
    memory = WORKER_MB + PAINTED_MB + torch + 20 * volume_mb(size)
    return Estimate(PYTHON_MB + job.workers * memory, 120 + seconds / job.workers)


def _run(work: Work) -> None:
    from gfce.dissection.step import dissect

    dissect(work.config, work.workers)


STEP = Step(
    module="gfce.dissection.step",
    help="Say which factor of the protocol causes a simulated drop.",
    scope=Scope(lambda config: [WHOLE] if config.dissection else [], chosen=_chosen),
    reads={"index": EVERY, "preprocess": _external, "train": _cells, "evaluate": _cells},
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    uses=lambda config, what: [
        *modules_of("gfce.networks"),
        *normalizations(config, what),
        *metrics(config, what),
    ],
    has_workers=True,
)
