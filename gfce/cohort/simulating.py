"""`gfce simulate`: the simulated cohort as a BIDS dataset."""

from __future__ import annotations

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
from gfce.cohort.reading import generators
from gfce.cohort.workers import for_each
from gfce.config import Simulation, StudyConfig
from gfce.errors import UserError
from gfce.files import atomic_folder
from gfce.images.arrays import Grid
from gfce.images.volumes import to_image
from gfce.phantom import Protocol, SimulatedPatient, read_protocols, simulate_patient

GENERATOR = "gfce simulate"


def simulate(config: StudyConfig, workers: int = 1) -> None:
    """Simulate the configured cohort and write it to `cohort.dataset`.

    Raises:
        UserError: no simulation is configured, an institution has no protocol, the folder holds
            a dataset that was not simulated, which is never overwritten, or a process was killed.
    """
    simulation = config.simulation
    if simulation is None:
        raise UserError("simulation: not in the configuration: there is nothing to simulate")
    protocols = _protocols(simulation)
    _check_replaceable(config.cohort.dataset)
    planned = _plan(simulation)
    with atomic_folder(config.cohort.dataset) as root:
        jobs = {
            patient: (patient, protocols[institution], number)
            for patient, (institution, number) in planned.items()
        }
        for_each(jobs, partial(_simulate_one, root, simulation), workers, "simulate")
        write_masks_description(root)
        institutions = {patient: institution for patient, (institution, _) in planned.items()}
        write_dataset(root, "Simulated head-and-neck MRI", institutions, GENERATOR)


def _protocols(simulation: Simulation) -> Mapping[str, Protocol]:
    protocols = read_protocols(simulation.protocols)
    for institution in simulation.patients:
        if institution not in protocols:
            known = ", ".join(protocols)
            raise UserError(f"simulation.patients: {institution} has no protocol (known: {known})")
    return protocols


def _check_replaceable(dataset: Path) -> None:
    if not dataset.exists() or not any(dataset.iterdir()):
        return
    if GENERATOR not in generators(dataset):
        raise UserError(
            f"{dataset}: holds data that were not simulated: name another cohort.dataset, or "
            "leave out simulation to study these data"
        )


def _plan(simulation: Simulation) -> dict[str, tuple[str, int]]:
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
    grid = Grid(simulated.spacing, simulated.origin, simulated.direction)
    images = {name: to_image(array, grid) for name, array in simulated.images.items()}
    tumour = images.pop("tumour")
    return Patient(patient_id, institution, images, simulated.sidecars, tumour)
