"""The scales on which a change of a metric's mean is expressed.

The paper gives percentages. For an error such as MAE a percentage is a ratio less one: a doubling
is +100 % and a halving -50 %, although they undo one another, and a mean of percentages depends on
which of two means is called the reference. Logarithms of ratios are symmetric and may be averaged
(Hedges, Gurevitch and Curtis 1999, "The meta-analysis of response ratios in experimental ecology").
PSNR is a logarithm already and SSIM has no natural zero: a percentage of either depends on where
its scale begins, a difference does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gfce.contract.columns import CI95_HIGH, CI95_LOW
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metric import Metric
from gfce.statistics.arithmetic import Change, change_pct


@dataclass(frozen=True)
class Scale:
    """A scale of changes.

    Attributes:
        name: as columns have it.
        change: from a reference to a value.
    """

    name: str
    change: Change


def _log_ratio(reference: ArrayLike, value: ArrayLike) -> NDArray[np.float64]:
    """ln(value / reference); NaN unless both are positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.log(value) - np.log(reference)
    return np.where(np.isfinite(change), change, np.nan)


def _difference(reference: ArrayLike, value: ArrayLike) -> NDArray[np.float64]:
    """The value less the reference."""
    return np.subtract(value, reference)


PERCENT = Scale("percent", change_pct)
"""Percent of the reference, as in tables 4 and 5."""
LOG_RATIO = Scale("log_ratio", _log_ratio)
"""Natural logarithm of value / reference."""
DIFFERENCE = Scale("difference", _difference)
"""Value less reference, in the metric's unit."""
SCALE = Column(
    "scale",
    "string",
    "Scale of the effect. percent: as in tables 4 and 5; log_ratio: natural logarithm of the ratio "
    "(metrics that are errors); difference: in the metric's unit (the other metrics)",
    allowed=(PERCENT.name, LOG_RATIO.name, DIFFERENCE.name),
)


def own_scale(metric: Metric) -> Scale:
    """That of the metric itself: errors have a natural zero and ratios, other metrics have not."""
    return LOG_RATIO if metric.is_error else DIFFERENCE


def columns_of(effect: str, sign: str) -> tuple[Column, ...]:
    """Columns of an effect on the metric's own scale, the ones of the other scale being empty.

    Args:
        effect: what it is, `log(external / internal)`, as a ratio.
        sign: what a positive one means.
    """
    errors, others = "Of errors (MAE, NMSE, HFEN), else empty: ", "Of other metrics, else empty: "
    log = Column(
        "log_ratio", "number", f"{errors}natural logarithm of {effect}; positive: {sign}", "1"
    )
    difference = Column(
        "difference",
        "number",
        f"{others}change in the metric's unit (PSNR: dB); positive: {sign}",
        UNIT_OF_METRIC,
    )
    ratio = Column(
        "ratio",
        "number",
        f"{errors}{effect}, exp(log_ratio) (Overall: the geometric mean)",
        "1",
        minimum=0,
    )
    return (ratio, log, *bounds_of(log), difference, *bounds_of(difference))


def bounds_of(column: Column) -> tuple[Column, Column]:
    """The bounds of the 95 % confidence interval of what a column holds."""
    low, high = (
        Column(
            f"{column.name}_{bound.name}",
            "number",
            f"{bound.meaning} of {column.name}",
            column.unit,
        )
        for bound in (CI95_LOW, CI95_HIGH)
    )
    return low, high
