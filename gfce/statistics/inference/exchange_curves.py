"""exchange_curves.csv: external scores against the number of the other hospital's patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gfce.config import StudyConfig
from gfce.contract.columns import CI95_HIGH, CI95_LOW, MODEL, OVERALL, axes
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.evaluation.tables import METRIC
from gfce.repairs.method import NONE
from gfce.statistics.arithmetic import Means, overall
from gfce.statistics.design import Model
from gfce.statistics.methods.bootstrap import resampled_means
from gfce.statistics.methods.exchange import Array
from gfce.statistics.methods.patients import Estimator, Patients
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.study import method_of

ALIKE = ("network", "normalization")


@dataclass(frozen=True)
class Curve:
    """Models that differ in how many patients of the other hospital they learned from.

    Attributes:
        label: of the model that they begin with, or Overall.
        members: by the number of patients, from 0 on; several of each for Overall.
    """

    label: str
    members: dict[int, list[Model]]

    @property
    def repairs(self) -> str:
        """The names of the repairs, parted by semicolons."""
        models = (model for models in self.members.values() for model in models)
        return ";".join(dict.fromkeys(m.cell.repair for m in models if m.is_repaired))

    @property
    def alike(self) -> dict[str, str]:
        """What its models have in common with those that they are set against, by column."""
        return self.members[0][0].values(ALIKE)

    def values(self, means: Means[Array], metric: Metric) -> Array:
        """External Overalls (replicate, number of patients)."""
        columns = [
            overall([means.external(model, metric) for model in models])
            for models in self.members.values()
        ]
        return np.stack(np.broadcast_arrays(*columns), axis=-1)


def curves(study: ScoredStudy) -> list[Curve]:
    """The curves of each network, normalization and kind of repair: each model's, and Overall."""
    return [curve for kind in _kinds(study.config, study.models) for curve in kind]


def _kinds(config: StudyConfig, grid: Sequence[Model]) -> Iterator[list[Curve]]:
    plain = {_key(model): model for model in grid if not model.is_repaired}
    kinds: dict[tuple[Any, ...], dict[str, dict[int, list[Model]]]] = {}
    for model in grid:
        count = _patients_of(config, model)
        begun = plain.get(_key(model))
        if count is None or begun is None:
            continue
        kind = (*model.values(ALIKE).values(), *_other_options(config, model))
        members = kinds.setdefault(kind, {}).setdefault(begun.label, {0: [begun]})
        members[count] = [model]
    for by_model in kinds.values():
        found = [Curve(label, dict(sorted(members.items()))) for label, members in by_model.items()]
        yield [*found, *_overall(found)]


def _patients_of(config: StudyConfig, model: Model) -> int | None:
    """How many patients of the other hospital a model learned from (None: it is no such model)."""
    method = method_of(config, model.cell)
    if method is None or method.target_patients is None:
        return None
    return int(config.repair(model.cell.repair).options[method.target_patients])


def _key(model: Model) -> tuple[str, ...]:
    return tuple((model.keys | {"repair": NONE}).values())


def _other_options(config: StudyConfig, model: Model) -> tuple[Any, ...]:
    repair, method = config.repair(model.cell.repair), method_of(config, model.cell)
    counted = method and method.target_patients
    others = {name: value for name, value in repair.options.items() if name != counted}
    return (repair.method, *sorted(others.items()))


def _overall(found: Sequence[Curve]) -> list[Curve]:
    """The mean curve of several models that have the same points."""
    points = {tuple(curve.members) for curve in found}
    if len(found) < 2 or len(points) > 1:
        return []
    (counts,) = points
    return [Curve(OVERALL, {k: [m for c in found for m in c.members[k]] for k in counts})]


def resampled(study: ScoredStudy) -> tuple[Means[Array], Means[Array]]:
    """The means as they are (1 replicate), and over resamples of the patients.

    Patients are drawn within their institution, the same for all models (`bca_intervals`); an
    institution with a single patient stays as it is.
    """
    patients = Patients.of(study.scores, study.models)
    observed = Estimator(patients, lambda means: []).observed
    resamples = study.config.statistics.bootstrap_resamples
    drawn = list(resampled_means(patients, resamples, np.random.default_rng(study.config.seed)))
    joined = {name: np.concatenate([each[name] for each in drawn]) for name in drawn[0]}
    return patients.means(observed), patients.means(observed | joined)


def references(curve: Curve, grid: Sequence[Model]) -> list[Model]:
    """The pooled models of a curve's network and normalization, whatever their repair."""
    return [
        model
        for model in grid
        if model.is_pooled and model.values(ALIKE) == curve.alike and model.external
    ]


def exchange_curves(study: ScoredStudy) -> pd.DataFrame | None:
    """The points of the curves, and the pooled models that they are set against.

    None of a study without repairs that learn from patients of the other hospital.
    """
    if not (found := curves(study)):
        return None
    pooled = {model.label: model for curve in found for model in references(curve, study.models)}
    shown: list[Curve | Model] = [*found, *pooled.values()]
    rows = [
        row
        for metric in TESTED_METRICS
        for of in shown
        for row in _points(of, metric, *study.once(resampled))
    ]
    return TABLE.frame(rows)


def _points(
    of: Curve | Model, metric: Metric, observed: Means[Array], replicates: Means[Array]
) -> Iterator[dict[str, Any]]:
    """The points of a curve, or the one of a pooled model: no patient of the other hospital."""
    curve = of if isinstance(of, Curve) else Curve(of.label, {0: [of]})
    repairs = curve.repairs if isinstance(of, Curve) else of.cell.repair
    named = {**curve.alike, "model": curve.label, "repairs": repairs, "metric": metric.name}
    values, drawn = (curve.values(means, metric) for means in (observed, replicates))
    for count, value, draws in zip(curve.members, values[0], drawn.T, strict=True):
        low, high = np.quantile(draws, [0.025, 0.975])
        point = {"external_mean": float(value), "ci95_low": float(low), "ci95_high": float(high)}
        yield {**named, "is_pooled": isinstance(of, Model), "patients": count, **point}


TABLE = StudyTable(
    name="statistics/exchange_curves",
    title="External scores against the number of the other hospital's patients",
    key=("network", "normalization", "model", "repairs", "patients", "metric"),
    columns=(
        *axes(ALIKE),
        MODEL,
        Column(
            "repairs",
            "string",
            "The repairs of the curve, parted by semicolons; of a pooled model, its own",
        ),
        Column("is_pooled", "boolean", "Whether it is a pooled model that curves are set against"),
        Column(
            "patients",
            "integer",
            "Patients of the other hospital that were learned from",
            minimum=0,
        ),
        METRIC,
        Column("external_mean", "number", "Overall of the external test", UNIT_OF_METRIC),
        Column(
            CI95_LOW.name,
            "number",
            "2.5th percentile over resamples",
            UNIT_OF_METRIC,
        ),
        Column(CI95_HIGH.name, "number", "97.5th percentile over resamples", UNIT_OF_METRIC),
    ),
    make=exchange_curves,
)
