"""`gfce dissect`: which factor of the protocol causes how much of a simulated drop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from gfce.cohort.simulating import known_protocols, planned
from gfce.cohort.split import random_stream
from gfce.cohort.workers import for_each
from gfce.config import StudyConfig
from gfce.dissection.coalitions import Plan
from gfce.dissection.factors import FACTORS, differing
from gfce.dissection.measuring import Examinations, Measured, measure
from gfce.dissection.rows import dissection_rows
from gfce.dissection.table import METRIC, TABLE
from gfce.dissection.who import asked, dissected_cells
from gfce.errors import UserError
from gfce.files import records, write_csv
from gfce.phantom import Protocol
from gfce.statistics.selection import where
from gfce.statistics.tables.read import read_metrics
from gfce.study import Cell, Results, read_patients, test_patients

TOLERANCE = 1e-5
"""How far an error may be from that of metrics.csv: a GPU and a CPU do not round alike."""


def dissect(config: StudyConfig, workers: int = 1) -> None:
    """Image external patients anew with replaced factors, and write dissection.csv.

    Raises:
        UserError: the study has no simulated cohort or no section `dissection`, a model is missing,
            or a patient imaged with nothing replaced has not the error of metrics.csv.
    """
    examinations = plan_examinations(config)
    measured = for_each(examinations, partial(measure, config), workers, "dissect")
    scores = {cell: _scores(config, cell) for cell in dissected_cells(config)}
    for each in measured:
        _check(config, each, scores)
    write_csv(
        TABLE.frame(_rows(config, measured, scores)), Results(config).root / f"{TABLE.name}.csv"
    )


def plan_examinations(config: StudyConfig) -> dict[str, Examinations]:
    """The examinations of each external patient for each training institution.

    Raises:
        UserError: the study has no simulated cohort or no section `dissection`, or an institution
            has no protocol.
    """
    simulation, _ = asked(config)
    protocols, people = known_protocols(simulation), planned(simulation)
    imaged, trained = _patients(config), dict[str, list[Cell]]()
    for cell, institution in dissected_cells(config).items():
        trained.setdefault(institution, []).append(cell)
    return {
        f"{row['patient_id']} as at {training}": Examinations(
            patient=row,
            number=people[row["patient_id"]][1],
            own=protocols[row["institution"]],
            training=protocols[training],
            cells=tuple(trained[training]),
            plan=_plan(config, row, protocols, training),
        )
        for training in trained
        for row in imaged
    }


def _plan(
    config: StudyConfig, row: Mapping[str, Any], protocols: Mapping[str, Protocol], training: str
) -> Plan:
    """Orders of a patient's own, so that their random errors average out over patients."""
    _, dissection = asked(config)
    own, other = protocols[row["institution"]], protocols[training]
    players = differing(own, other, dissection.factors or FACTORS)
    rng = random_stream(config.seed, "dissection", row["patient_id"], training)
    return Plan.draw(players, dissection.orders, rng)


def _patients(config: StudyConfig) -> list[dict[str, Any]]:
    """The first test patients of each external institution, who are the same for all models."""
    _, dissection = asked(config)
    cell, *_ = dissected_cells(config)
    table = test_patients(config, cell, read_patients(Results(config)))
    of_each = [where(table, {"institution": name}) for name in config.cohort.external]
    return [row for part in of_each for row in records(part.iloc[: dissection.patients])]


def _scores(config: StudyConfig, cell: Cell) -> pd.DataFrame:
    """The cell's scores of whole volumes, as `gfce evaluate` wrote them."""
    table = read_metrics(Results(config).cell_metrics(cell))
    return where(table, {"region": "volume", "scaling": config.evaluation.scaling})


def _check(config: StudyConfig, measured: Measured, scores: Mapping[Cell, pd.DataFrame]) -> None:
    """Refuse a patient who is not the one of the dataset."""
    patient = measured.examinations.patient["patient_id"]
    for cell, errors in measured.errors.items():
        known = where(scores[cell], {"patient_id": patient})[METRIC.name].item()
        if abs(errors[frozenset()] - known) > TOLERANCE:
            raise UserError(
                f"{patient}: simulated anew, {METRIC.label} of {cell} is "
                f"{errors[frozenset()]:.6f}, not {known:.6f} as in metrics.csv: "
                f"{config.cohort.dataset} does not hold what was simulated: simulate it again"
            )


def _rows(
    config: StudyConfig, measured: Sequence[Measured], scores: Mapping[Cell, pd.DataFrame]
) -> list[dict[str, Any]]:
    """All rows, by cell and then by institution."""
    rows: list[dict[str, Any]] = []
    for cell in dissected_cells(config):
        internal = float(where(scores[cell], {"cohort": "internal"})[METRIC.name].mean())
        own = [each for each in measured if cell in each.errors]
        for institution in config.cohort.external:
            here = [each for each in own if each.examinations.own.name == institution]
            rows += dissection_rows(config, cell, here, internal) if here else []
    return rows
