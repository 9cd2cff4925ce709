"""A trained cell, ready to be applied to patients of the store."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gfce.config import StudyConfig
from gfce.evaluation.applying import apply_model
from gfce.images.arrays import Volume
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import load_normalization, load_repair
from gfce.images.modalities import INPUTS
from gfce.images.store import StoredPatient
from gfce.repairs.method import Application
from gfce.study import Cell, Results, method_of

if TYPE_CHECKING:
    from torch import nn


class CellModel:
    """The models of a cell: one, or with some repairs one for each external institution.

    Attributes:
        normalization: of its inputs and its output.

    Raises:
        UserError: the cell has not been trained, its files are damaged, or there is no such device.
    """

    def __init__(self, config: StudyConfig, cell: Cell) -> None:
        """Of a cell of the study; weights are read when they are needed."""
        from gfce.training.arithmetic import find_device  # torch is slow to import

        self._config, self._cell = config, cell
        self._results = Results(config)
        path = self._results.normalization(cell)
        self.normalization, self._fitted = load_normalization(path), load_repair(path)
        self._method = method_of(config, cell)
        self._device = find_device(config.training.device)
        self._generator = cache(self._load)

    def reproducible(self) -> AbstractContextManager[None]:
        """A context in which what it synthesizes is the same in every run."""
        from gfce.training.arithmetic import reproducible

        return reproducible(self._config.training, int(self._cell.seed), self._device)

    def synthesize(self, patient: StoredPatient, institution: str) -> Volume:
        """A patient's synthetic CE in normalized units, float32 (slice, row, column).

        Args:
            patient: the patient in a store.
            institution: where the patient is from.
        """
        application = Application(
            self._generator(self._weights(institution)),
            network_inputs(patient, self.normalization),
            patient.masks()["foreground"],
            self._fitted,
            self._config.training,
        )
        return self.normalization.from_network(apply_model(self._method, application))

    def _load(self, path: Path) -> nn.Module:
        from gfce.training.weights import load_generator

        return load_generator(path, self._device)

    def _weights(self, institution: str) -> Path:
        adapted = self._method and self._method.target_patients
        if adapted and institution in self._config.cohort.external:
            return self._results.adapted_weights(self._cell, institution)
        return self._results.weights(self._cell)


def network_inputs(patient: StoredPatient, normalization: FittedNormalization) -> dict[str, Volume]:
    """A patient's T1w and T2w in network units, float32 (slice, row, column)."""
    return {
        modality: normalization.to_network(patient.normalized(modality, normalization))
        for modality in INPUTS
    }
