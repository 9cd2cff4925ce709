"""The paper's arithmetic: institutions to Overall, Overall to percent.

The same functions make the study's own tables, bootstrap them and audit published ones. They use
nothing but arithmetic operators, so that a `Number` may be a float, an array of bootstrap
replicates, or an interval of numbers that round to what is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar, cast

import numpy as np
import pandas as pd

from gfce.contract.columns import OVERALL
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.files import records
from gfce.statistics.design import Model, members


class Number(Protocol):
    """What can be added, subtracted, multiplied and divided, with its own kind and with floats."""

    def __add__(self, other: Any, /) -> Any: ...

    def __sub__(self, other: Any, /) -> Any: ...

    def __mul__(self, other: Any, /) -> Any: ...

    def __rmul__(self, other: Any, /) -> Any: ...

    def __truediv__(self, other: Any, /) -> Any: ...

    def __neg__(self) -> Any: ...


N = TypeVar("N", bound=Number)
Place = tuple[str, str, str, str]
"""Where a mean stands in tables 2 and 3: model, testing, cohort, column."""


def overall(values: Sequence[N]) -> N:
    """Unweighted mean, of means and of SDs alike (study point 7); no values: NaN, a float."""
    total = values[0] if values else cast(N, float("nan"))
    for value in values[1:]:
        total = total + value
    return cast(N, total / max(len(values), 1))


def implied_value(overall_value: N, others: Sequence[N]) -> N:
    """The one value that `overall` needs beside `others` to give `overall_value`."""
    total = overall_value * (len(others) + 1)
    for value in others:
        total = total - value
    return cast(N, total)


def drop_pct(internal: N, external: N, metric: Metric) -> N:
    """Loss from internal to external in percent of internal (Table V); positive is worse.

    Lower is better: 100 (external - internal) / internal; higher is better:
    100 (internal - external) / internal.
    """
    return _loss(change_pct(internal, external), metric)


def improvement_pct(reference: N, model: N, metric: Metric) -> N:
    """Gain of a model over a reference in percent of the reference (Table IV); positive is better.

    Lower is better: 100 (reference - model) / reference; higher is better:
    100 (model - reference) / reference.
    """
    return cast(N, -_loss(change_pct(reference, model), metric))


def _loss(change: N, metric: Metric) -> N:
    """A change as what is lost by it; negative: gained."""
    return cast(N, -change) if metric.higher_is_better else change


Change = Callable[[Any, Any], Any]
"""How far a value is from a reference, on some scale; 0: they are the same."""


def change_pct(reference: N, value: N) -> N:
    """100 (value - reference) / reference; of a reference that is 0 there is no percentage.

    Written with the ratio, because an interval may stand only once in a formula to stay narrow.
    """
    if isinstance(reference, float) and reference == 0:
        return cast(N, float("nan"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return cast(N, 100 * (value / reference - 1))


class Means(Generic[N]):
    """The means from which drops and improvements follow: tables 2 and 3 as a look-up."""

    def __init__(self, means: Mapping[Place, N]) -> None:
        """Take the means by model, testing, cohort and column, Overall rows among them."""
        self._means = means

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that there are means of."""
        columns = {column for *_, column in self._means}
        return [metric for metric in METRICS if metric.mean in columns]

    def internal(self, model: Model, metric: Metric) -> N:
        """Mean of a model's internal test: its one institution's, or their Overall."""
        testing = OVERALL if model.is_pooled else model.internal[0]
        return self.at(model, testing, "internal", metric)

    def external(self, model: Model, metric: Metric) -> N:
        """Overall of a model's external test."""
        return self.at(model, OVERALL, "external", metric)

    def drop(self, model: Model, metric: Metric, change: Change = change_pct) -> N:
        """A cell of Table V, or what it is on another scale."""
        means = self.internal(model, metric), self.external(model, metric)
        return _loss(cast(N, change(*means)), metric)

    def gain(
        self, reference: Model, model: Model, metric: Metric, change: Change = change_pct
    ) -> N:
        """What a model gains over another, externally; positive is better."""
        means = self.external(reference, metric), self.external(model, metric)
        return cast(N, -_loss(cast(N, change(*means)), metric))

    def overall_drop(self, unis: Sequence[Model], metric: Metric, change: Change = change_pct) -> N:
        """An Overall cell of Table V."""
        return overall([self.drop(uni, metric, change) for uni in unis])

    def uni_external(self, pooled: Model, models: Sequence[Model], metric: Metric) -> N:
        """Mean of the external Overalls of a pooled model's single-institution models."""
        return overall([self.external(uni, metric) for uni in members(pooled, models)])

    def improvement(
        self,
        pooled: Model,
        models: Sequence[Model],
        metric: Metric,
        change: Change = change_pct,
    ) -> N:
        """A cell of Table IV, or what it is on another scale."""
        reference = self.uni_external(pooled, models, metric)
        return cast(N, -_loss(cast(N, change(reference, self.external(pooled, metric))), metric))

    def at(self, model: Model, testing: str, cohort: str, metric: Metric) -> N:
        """A model's mean at an institution or Overall; NaN where there is none."""
        unknown = cast(N, float("nan"))
        return self._means.get((model.label, testing, cohort, metric.mean), unknown)


def means_of_rows(rows: pd.DataFrame) -> Means[float]:
    """The means of a table with Overall rows."""
    columns = [metric.mean for metric in METRICS if metric.mean in rows.columns]
    return Means(
        {
            (row["model"], row["testing"], row["cohort"], column): row[column]
            for row in records(rows)
            for column in columns
        }
    )
