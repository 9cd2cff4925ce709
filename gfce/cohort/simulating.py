"""`gfce simulate`: the simulated cohort as a BIDS dataset."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from gfce.cohort.bids import (
    Patient,
    patient_ids,
    write_dataset,
    write_masks_description,
    write_patient,
)
from gfce.cohort.workers import for_each
from gfce.config import Simulation, StudyConfig
from gfce.errors import UserError
from gfce.files import new_folder
from gfce.images.arrays import Geometry
from gfce.images.volumes import to_image
from gfce.phantom import Protocol, SimulatedPatient, read_protocols, simulate_patient
from gfce.provenance.records import Record
from gfce.provenance.state import SIMULATION, Provenance
from gfce.steps import Task

GENERATOR = "gfce simulate"
LOGGER = logging.getLogger(__name__)


def simulate(config: StudyConfig, workers: int = 1) -> None:
    """Simulate the configured cohort and write it to `cohort.dataset`.

    A record in the dataset lists the files that were written. A dataset that was simulated with
    other settings is replaced only if it holds these files and nothing else.

    Raises:
        UserError: no simulation is configured, an institution has no protocol, or the folder holds
            a file that was not simulated, or a process was killed.
    """
    simulation = config.simulation
    if simulation is None:
        raise UserError("simulation: not in the configuration: there is nothing to simulate")
    state, task, dataset = Provenance(config), Task("simulate"), config.cohort.dataset
    protocols = known_protocols(simulation)
    if state.reason(task) is None:
        LOGGER.info("simulate: up to date")
        return
    _check_replaceable(dataset, state.record(task))
    # Where the dataset's name is a link, what it points to is replaced.
    final = dataset.resolve()
    with new_folder(final) as root:
        _write(root, simulation, protocols, workers)
        paths = [path for path in root.rglob("*") if path.is_file()]
        Record.of(state.recipe(task), root, paths).save(root / SIMULATION)
        if final.exists():
            shutil.rmtree(final)


def _write(
    root: Path, simulation: Simulation, protocols: Mapping[str, Protocol], workers: int
) -> None:
    people = planned(simulation)
    jobs = {
        patient: (patient, protocols[institution], number)
        for patient, (institution, number) in people.items()
    }
    for_each(jobs, partial(_simulate_one, root, simulation), workers, "simulate")
    write_masks_description(root)
    institutions = {patient: institution for patient, (institution, _) in people.items()}
    write_dataset(root, "Simulated head-and-neck MRI", institutions, GENERATOR)


def known_protocols(simulation: Simulation) -> Mapping[str, Protocol]:
    """The protocols by institution.

    Raises:
        UserError: an institution to simulate has none, or the table cannot be used.
    """
    protocols = read_protocols(simulation.protocols, simulation.changes)
    for institution in simulation.patients:
        if institution not in protocols:
            known = ", ".join(protocols)
            raise UserError(f"simulation.patients: {institution} has no protocol (known: {known})")
    return protocols


def _check_replaceable(dataset: Path, record: Record | None) -> None:
    """Refuse a dataset with anything in it that was not simulated, or was changed since."""
    known = record.files if record else {}
    for path in sorted(dataset.rglob("*")) if dataset.exists() else []:
        name = path.relative_to(dataset).as_posix()
        is_folder = path.is_dir() and not path.is_symlink()
        if not is_folder and name not in known and name != SIMULATION.as_posix():
            raise _foreign(dataset, name)
    if dataset.exists() and record:
        present = {n: written for n, written in record.files.items() if (dataset / n).exists()}
        if damage := Record(record.recipe, present).damage(dataset, thoroughly=True):
            raise _foreign(dataset, damage)


def _foreign(dataset: Path, name: str) -> UserError:
    return UserError(
        f"{dataset}: holds data that were not simulated ({name}): name another cohort.dataset, "
        "leave out simulation to study these data, or delete the folder to simulate them anew"
    )


def planned(simulation: Simulation) -> dict[str, tuple[str, int]]:
    """The institution of each patient to simulate, and the patient's number there."""
    people = {
        f"{institution}p{number + 1:03d}": (institution, number)
        for institution, count in simulation.patients.items()
        for number in range(count)
    }
    return {new: people[name] for name, new in patient_ids(people).items()}


def _simulate_one(root: Path, simulation: Simulation, job: tuple[str, Protocol, int]) -> None:
    patient_id, protocol, number = job
    simulated = simulate_patient(
        protocol,
        seed=simulation.seed,
        index=number,
        coarsening=simulation.coarsening,
        slices=simulation.slices,
    )
    write_patient(root, _as_patient(patient_id, protocol.name, simulated))


def _as_patient(patient_id: str, institution: str, simulated: SimulatedPatient) -> Patient:
    geometry = Geometry(simulated.spacing, simulated.origin, simulated.direction)
    images = {name: to_image(array, geometry) for name, array in simulated.images.items()}
    mask = images.pop("tumour")
    # Few slices may all miss the tumour, and an empty mask is refused by `gfce index`.
    tumour = mask if simulated.images["tumour"].any() else None
    return Patient(patient_id, institution, images, simulated.sidecars, tumour)
