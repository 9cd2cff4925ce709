"""`gfce preprocess`: an institution's patients on the study's matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.estimating.job import Estimate, Job
from gfce.estimating.memory import PYTHON_MB, volume_mb
from gfce.images.modalities import MODALITIES
from gfce.steps.step import EVERY, INSTITUTION, Hashes, Settings, Step, What, Work

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients

PATIENT_SECONDS = 30
"""A patient: 0.2 s in the demo, about a second at full size (benchmarks/preprocessing.py), with
room for a file system that many jobs read from."""
REGISTRATION_SECONDS = 60
"""T2w and CE of a patient: 3 s in the demo, 6 to 20 s at full size (benchmarks/alignment.py)."""
VOLUME_COPIES = 20
"""Resampled volumes and masks at a time, and the same at the scanner's own voxels."""


def _made_of(ingredients: Ingredients, what: What) -> tuple[Settings, Hashes]:
    patients = ingredients.patients_of(str(what))
    return ingredients.masks(), ingredients.images(patients, (*MODALITIES, "tumour"))


def _estimate(job: Job) -> Estimate:
    memory = PYTHON_MB + 1000 + VOLUME_COPIES * volume_mb(job.size)
    seconds = PATIENT_SECONDS + registration_seconds(job)
    return Estimate(memory, 120 + seconds * job.institution_patients)


def registration_seconds(job: Job) -> float:
    """Of a patient, where volumes are registered."""
    return REGISTRATION_SECONDS if job.size.config.images.alignment == "rigid" else 0


def _run(work: Work) -> None:
    from gfce.images.preprocess import preprocess

    preprocess(work.config, str(work.what))


STEP = Step(
    module="gfce.images.preprocess",
    help="Resample an institution's patients to the study's matrix.",
    scope=INSTITUTION,
    reads={"index": EVERY},
    made_of=_made_of,
    estimate=_estimate,
    run=_run,
    passes_on=False,
)
