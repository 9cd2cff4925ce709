"""Models that begin with the finished one of the same cell without a repair."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.files import atomic_write, sha256, write_json
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import load_normalization, save_normalization, training_patients
from gfce.images.store import StoredPatient
from gfce.provenance.code import digest
from gfce.provenance.records import Recipe
from gfce.provenance.state import Provenance
from gfce.repairs.method import Learned
from gfce.steps import Task
from gfce.study import Cell, Results, adaptation_patients, method_of
from gfce.training.cell import describe_study


@dataclass(frozen=True)
class FinishedModel:
    """The model that a cell's repair begins with, and what the repair may learn from.

    Attributes:
        config: the study.
        cell: the cell with the repair; the model is that of `cell.unrepaired`.
        results: the study's.
        normalization: as the model's was fitted.
        recipe: what the repaired model is made of.
    """

    config: StudyConfig
    cell: Cell
    results: Results
    normalization: FittedNormalization
    recipe: Recipe

    @property
    def weights(self) -> Path:
        """The finished generator."""
        return self.results.weights(self.cell.unrepaired)

    @property
    def options(self) -> Mapping[str, int | float]:
        """The options of the repair."""
        return self.config.repair(self.cell.repair).options

    @property
    def key(self) -> str:
        """Hash of all that the repaired model depends on."""
        return digest(asdict(self.recipe))

    def key_of(self, patients: list[str]) -> str:
        """Hash of all that what is learned from some patients depends on, beside the weights."""
        own = tuple(f"{patient} " for patient in patients)
        inputs = self.recipe.inputs.items()
        images = {name: value for name, value in inputs if name.startswith(own)}
        return digest([asdict(self.recipe) | {"inputs": images}, sha256(self.weights)])

    def trained_on(self) -> list[StoredPatient]:
        """The patients of the training set."""
        return training_patients(self.results, self.cell.training_set)

    def targets(self) -> dict[str, list[StoredPatient]]:
        """The patients of each external institution whom the repair learns from."""
        chosen = adaptation_patients(self.config, self.cell, self.results)
        return {
            name: [StoredPatient(self.results.images(name), patient) for patient in patients]
            for name, patients in chosen.items()
        }


def take_up(
    config: StudyConfig, cell: Cell, init: Path | None = None, known: Provenance | None = None
) -> None:
    """Make the model of a cell whose repair begins with the finished one of the same cell without.

    Its weights and its normalization are copied, and the repair learns beside them what it has to
    (`Method.learn`). There is no history.csv, because there is no training of the cell's own.

    Args:
        config: the study.
        cell: with such a repair.
        init: must be None.
        known: what is known of the study's results already.

    Raises:
        UserError: weights are given, or the finished model is not there.
    """
    started, results = time.monotonic(), Results(config)
    if init is not None:
        raise UserError(f"{cell}: begins with the weights of {cell.unrepaired}: leave out --init")
    normalization = load_normalization(results.normalization(cell.unrepaired))
    recipe = (known or Provenance(config)).recipe(Task("train", cell))
    model = FinishedModel(config, cell, results, normalization, recipe)
    method = method_of(config, cell)
    learned = method.learn(model) if method and method.learn else Learned()
    save_normalization(normalization, results.normalization(cell), learned.fitted)
    with atomic_write(results.weights(cell)) as temporary:
        temporary.write_bytes(model.weights.read_bytes())
    run = _describe(model, learned)
    # Without a training there is nothing that takes time.
    seconds = time.monotonic() - started if run["steps"] else 0.0
    write_json({**run, "wall_seconds": seconds}, results.run(cell))


def _describe(model: FinishedModel, learned: Learned) -> dict[str, Any]:
    """run.json: that of the finished model, as far as the cell's is not another one."""
    finished = model.results.run(model.cell.unrepaired)
    return {
        **json.loads(finished.read_text(encoding="utf-8")),
        **describe_study(model.config, model.cell),
        "fingerprint": model.key,
        "weights_of": str(model.cell.unrepaired),
        "initial_weights_sha256": sha256(model.weights),
        "steps": 0,
        **learned.run,
    }
