"""What a metric is: how it is computed, named, printed and tested, declared in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gfce.images.arrays import Mask, Volume
from gfce.memoising import Memoising


@dataclass(frozen=True)
class Images(Memoising):
    """A patient's volumes that a metric may compare; further ones become further fields.

    What regions and metrics share, such as the errors, they get by `once`.

    Attributes:
        real: the real CE volume on the scale [0, 1] (slice, row, column).
        synthetic: the synthetic one, on the same scale and of the same shape.
    """

    real: Volume
    synthetic: Volume


def errors(images: Images) -> NDArray[np.float64]:
    """The error y - f(x) of each voxel on the scale [0, 1] (slice, row, column)."""
    return images.real.astype(np.float64) - images.synthetic.astype(np.float64)


@dataclass(frozen=True)
class Margin:
    """Up to which difference two models count as equally accurate (equivalence tests).

    Attributes:
        default: its value unless a configuration has another.
        largest: the largest value that a configuration may have.
        meaning: what the configuration's key says it is.
    """

    default: float
    largest: float
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A score of a synthetic image against the real one.

    Attributes:
        name: its column in metrics.csv.
        stem: what its columns in tables 2 to 5 begin with.
        title: its name in the header of a printed table, with the unit.
        unit: its unit in datapackage.json (`1`: a number without one).
        unit_suffix: what the columns of its mean and standard deviation end with.
        description: what it is, for datapackage.json.
        higher_is_better: whether a larger score is a better one.
        rank: its place among the columns; the paper's metrics come first.
        print_factor: what printed tables multiply it by.
        decimals: of printed tables.
        smallest: the smallest score that there can be (None: no limit).
        largest: the largest one.
        printed: whether printed tables and findings.md have it; CSV files have every metric.
        tested: whether the pre-specified families of paired tests are about it.
        margin: of equivalence tests (None: it has no such tests).
        assumed_sd: standard deviation between patients that planning assumes (None: not planned).
        score: the score of a region, a boolean array (slice, row, column) that is somewhere True.
        may_be_undefined: whether there are regions in which the score is NaN.
        remark: what must be said of it for volumes of this shape, if anything (slice, row, column).
    """

    name: str
    stem: str
    title: str
    unit: str
    description: str
    higher_is_better: bool
    score: Callable[[Images, Mask], float]
    rank: int = 100
    unit_suffix: str = ""
    print_factor: float = 1.0
    decimals: int = 2
    smallest: float | None = None
    largest: float | None = None
    printed: bool = True
    tested: bool = False
    margin: Margin | None = None
    assumed_sd: float | None = None
    may_be_undefined: bool = False
    remark: Callable[[tuple[int, ...]], str] = lambda shape: ""

    @property
    def label(self) -> str:
        """Its name in text, without the unit."""
        return self.stem.replace("_", " ").upper()

    @property
    def is_error(self) -> bool:
        """Whether 0 is best and nothing is below: then ratios of scores have a meaning."""
        return self.smallest == 0 and not self.higher_is_better

    @property
    def loss_sign(self) -> float:
        """What a score is multiplied by so that less is better."""
        return -1.0 if self.higher_is_better else 1.0

    @property
    def mean(self) -> str:
        """Column of the mean over patients (tables 2 and 3)."""
        return f"{self.stem}_mean{self.unit_suffix}"

    @property
    def sd(self) -> str:
        """Column of the standard deviation over patients (tables 2 and 3)."""
        return f"{self.stem}_sd{self.unit_suffix}"

    @property
    def sd_total(self) -> str:
        """Column of the standard deviation over all patients of a row (tables 2 and 3)."""
        return f"{self.stem}_sd_total{self.unit_suffix}"

    @property
    def count(self) -> str:
        """Column of the number of patients that have a score (tables 2 and 3)."""
        return f"n_{self.stem}"

    @property
    def improvement(self) -> str:
        """Column of table 4."""
        return f"{self.stem}_improvement_pct"

    @property
    def drop(self) -> str:
        """Column of table 5."""
        return f"{self.stem}_drop_pct"
