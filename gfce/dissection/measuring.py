"""The errors of models on a patient who is imaged anew: simulated, resampled, predicted, scored.

All of it by the functions of the steps `simulate`, `preprocess`, `predict` and `evaluate`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gfce.config import StudyConfig
from gfce.dissection.coalitions import Coalition, Plan
from gfce.dissection.factors import replaced
from gfce.dissection.table import METRIC
from gfce.evaluation.cell_model import CellModel
from gfce.evaluation.evaluate import IDENTITY, Compared
from gfce.evaluation.scoring import score_rows
from gfce.images.arrays import Geometry
from gfce.images.modalities import MODALITIES
from gfce.images.preprocess import resample_volumes
from gfce.images.reading import read_image
from gfce.images.store import StoredPatient, save_patient
from gfce.images.volumes import Image, orient, to_image
from gfce.images.writing import write_image
from gfce.phantom import Protocol, SimulatedPatient
from gfce.phantom.patient import Volunteer
from gfce.study import Cell


@dataclass(frozen=True)
class Examinations:
    """The examinations of one patient in which factors are replaced by a training institution's.

    Attributes:
        patient: the row of the patient in patients.csv, with a column cohort.
        number: the patient's among the simulated ones of the institution.
        own: the protocol of the patient's institution.
        training: that of the institution that the models were trained on.
        cells: of these models.
        plan: which factors are replaced.
    """

    patient: dict[str, Any]
    number: int
    own: Protocol
    training: Protocol
    cells: Sequence[Cell]
    plan: Plan


@dataclass(frozen=True)
class Measured:
    """What the examinations of a patient gave: v(S) by the model's cell and the coalition S."""

    examinations: Examinations
    errors: dict[Cell, dict[Coalition, float]]


def measure(config: StudyConfig, examinations: Examinations) -> Measured:
    """Image a patient once for each coalition of the plan; score each model on each image.

    Raises:
        UserError: a model is missing or damaged, or a protocol with these factors is impossible.
    """
    simulation, patient = config.simulation, examinations.patient
    assert simulation is not None
    volunteer = Volunteer(
        examinations.own.name, seed=simulation.seed, index=examinations.number, remembers=True
    )
    models = [_Model.read(config, cell) for cell in examinations.cells]
    errors: dict[Cell, dict[Coalition, float]] = {cell: {} for cell in examinations.cells}
    with tempfile.TemporaryDirectory() as folder:
        store = _Store(config, Path(folder))
        for coalition in examinations.plan.coalitions:
            protocol = replaced(examinations.own, examinations.training, coalition)
            imaged = volunteer.imaged(protocol, simulation.coarsening, simulation.slices)
            stored = store.put(patient["patient_id"], imaged)
            for model in models:
                errors[model.cell][coalition] = model.error(config, patient, stored)
    return Measured(examinations, errors)


class _Store:
    """A folder that one examination after another goes through, as `gfce preprocess` stores it."""

    def __init__(self, config: StudyConfig, folder: Path) -> None:
        self._config, self._folder = config, folder
        self._geometries: dict[Geometry, Geometry] = {}

    def put(self, patient_id: str, simulated: SimulatedPatient) -> StoredPatient:
        """Store an examination in the place of the former one."""
        geometry = Geometry(simulated.spacing, simulated.origin, simulated.direction)
        if geometry not in self._geometries:
            self._geometries[geometry] = self._as_read(geometry, simulated.images["t1w"].shape)
        read = {
            modality: orient(to_image(simulated.images[modality], self._geometries[geometry]))
            for modality in MODALITIES
        }
        # No score of a whole volume needs the tumour.
        save_patient(resample_volumes(patient_id, read, None, self._config.images), self._folder)
        return StoredPatient(self._folder, patient_id)

    def _as_read(self, geometry: Geometry, shape: tuple[int, ...]) -> Geometry:
        """A geometry as it is read from a dataset: NIfTI holds 32 bits of it."""
        path = self._folder / "geometry.nii.gz"
        write_image(to_image(np.zeros(shape, np.uint8), geometry), path)
        image: Image = read_image(path)
        return Geometry.of(image)


@dataclass(frozen=True)
class _Model:
    """A trained model, ready to predict."""

    cell: Cell
    applied: CellModel

    @classmethod
    def read(cls, config: StudyConfig, cell: Cell) -> _Model:
        return cls(cell, CellModel(config, cell))

    def error(self, config: StudyConfig, patient: dict[str, Any], stored: StoredPatient) -> float:
        """The score of the whole volume, as metrics.csv has it."""
        with self.applied.reproducible():
            synthetic = self.applied.synthesize(stored, patient["institution"])
        identity = {name: patient[name] for name in IDENTITY}
        compared = Compared.of(identity, stored, synthetic, self.applied.normalization)
        chosen = config.evaluation
        (row,) = score_rows(
            compared.real, compared.synthetic, {}, chosen.average, [chosen.scaling], [METRIC]
        )
        return float(row[METRIC.name])
