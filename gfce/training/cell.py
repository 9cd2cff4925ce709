"""`gfce train`: the model of one cell, from the store of resampled patients to its weights."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gfce import __version__
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.files import atomic_write, sha256, write_csv, write_json
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import fit_normalization, save_normalization, training_patients
from gfce.images.modalities import MODALITIES
from gfce.images.store import StoredPatient
from gfce.provenance.code import digest
from gfce.provenance.state import INITIAL, Provenance
from gfce.repairs.method import NONE
from gfce.steps import Task
from gfce.study import Cell, Results, method_of, model_label
from gfce.training.data import TrainingSlices
from gfce.training.loop import TrainedModel, train
from gfce.training.weights import initial_weights, save_weights


def train_cell(
    config: StudyConfig, cell: Cell, init: Path | None = None, known: Provenance | None = None
) -> None:
    """Train a cell's model and write its weights, fitted normalization, history and run.json.

    `init` is a file of weights to start from, ours or the authors' (fine-tuning); `known` is what
    is known of the study's results already.

    Raises:
        UserError: a model that was made from weights of the user's is due, and they are not given;
            or they are given to a cell whose repair begins with another cell's.

    A cell whose repair begins with a finished model takes that up instead
    (`gfce.training.finished`).

    The checkpoint is keyed by the model's recipe: a cell that was interrupted goes on where it
    stood, and one that was finished with the same key is not trained again.
    """
    method = method_of(config, cell)
    if method and method.begins_with_none:
        from gfce.training.finished import take_up

        take_up(config, cell, init, known)
        return
    started = time.monotonic()
    results = Results(config)
    normalization = fit_normalization(results, cell.normalization, cell.training_set)
    slices = training_slices(results, cell, normalization)
    network = config.network(cell.network)
    initial = initial_weights(init, network) if init else None
    start = sha256(init) if init else None
    recipe = (known or Provenance(config)).recipe(Task("train", cell))
    if INITIAL in recipe.inputs and not start:
        raise UserError(
            f"{cell}: was trained from given weights: give them again (--init), or delete "
            f"{results.record('train', cell)} to train it from random ones"
        )
    key = digest([{**asdict(recipe), "inputs": {**recipe.inputs, INITIAL: start}}])
    model = train(
        slices,
        network,
        config.training,
        bounded=normalization.bounded,
        seed=int(cell.seed),
        checkpoint=results.checkpoint(cell),
        key=key,
        initial=initial,
        repair=None if cell.repair == NONE else config.repair(cell.repair),
        label=model_label(config, cell),
    )
    save_normalization(normalization, results.normalization(cell))
    with atomic_write(results.weights(cell)) as temporary:
        save_weights(temporary, model.generator, network, bounded=normalization.bounded)
    write_csv(pd.DataFrame(model.history), results.history(cell))
    run = _describe_run(config, cell, model, slices)
    run |= {
        "fingerprint": key,
        "initial_weights_sha256": start,
        "wall_seconds": time.monotonic() - started,
    }
    write_json(run, results.run(cell))


def training_slices(
    results: Results, cell: Cell, normalization: FittedNormalization
) -> TrainingSlices:
    """All slices of a cell's training patients, in network units."""
    return slices_of(training_patients(results, cell.training_set), normalization)


def slices_of(
    patients: Iterable[StoredPatient], normalization: FittedNormalization
) -> TrainingSlices:
    """All slices of patients, in network units."""
    volumes: dict[str, list[np.ndarray]] = {modality: [] for modality in MODALITIES}
    names: list[str] = []
    institutions: list[str] = []
    numbers: list[int] = []
    for patient in patients:
        for modality in MODALITIES:
            normalized = patient.normalized(modality, normalization)
            volumes[modality].append(normalization.to_network(normalized))
        slices = patient.shape[0]
        names += [patient.patient_id] * slices
        institutions += [patient.institution] * slices
        numbers += range(slices)
    stacked = {modality: np.concatenate(parts) for modality, parts in volumes.items()}
    return TrainingSlices(
        **stacked,
        patient_ids=tuple(names),
        slice_numbers=tuple(numbers),
        institutions=tuple(institutions),
    )


# Paths of the hospital's file system are no one else's business.
_PATHS: Any = {"results": True, "cohort": {"dataset"}, "simulation": {"protocols"}}


def _describe_run(
    config: StudyConfig, cell: Cell, model: TrainedModel, slices: TrainingSlices
) -> dict[str, Any]:
    return {
        **describe_study(config, cell),
        "versions": software_versions(),
        "device": model.device,
        "steps": model.steps,
        "slices": len(slices),
        "patients": sorted(set(slices.patient_ids)),
    }


def describe_study(config: StudyConfig, cell: Cell) -> dict[str, Any]:
    """What run.json says of the cell and its study."""
    return {"cell": asdict(cell), "config": config.model_dump(mode="json", exclude=_PATHS)}


def software_versions() -> dict[str, str]:
    """The versions that weights may depend on."""
    return {
        "gfce": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numpy", "safetensors")},
    }
