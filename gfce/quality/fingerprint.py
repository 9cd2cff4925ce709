"""What a model's training patients are like, in a few ranges: what a new patient is compared with.

It is made of rows of quality.csv, holds no image and no id, and lies in the folder of the model, so
that `gfce synthesize` can say what of a patient the model has never seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gfce.errors import UserError
from gfce.images.modalities import INPUTS

GRID = "t1w"
"""The modality whose row says where both inputs lie, because they share a grid."""
SPREADS = 3.0
"""How many SD of the patients of one institution a value may lie beyond the range."""
Row = Mapping[str, Any]
"""A row of quality.csv, or the same of a patient of no study."""


@dataclass(frozen=True)
class Trait:
    """A positive quantity of a volume, which is compared by its logarithm.

    Attributes:
        title: what it is called in warnings.
        unit: of its values.
        tolerance: how much larger or smaller a value may be, as a share, whatever the training.
        of: its value, by a row (not a positive number: it is not known).
        of_grid: whether it is of the grid of both inputs.
    """

    title: str
    unit: str
    tolerance: float
    of: Callable[[Row], Any]
    of_grid: bool = False


def _column(name: str) -> Callable[[Row], Any]:
    return lambda row: row.get(name)


def _over_median(name: str) -> Callable[[Row], Any]:
    return lambda row: row[name] / row["head_p50"] if row["head_p50"] > 0 else None


TRAITS: Mapping[str, Trait] = {
    "row_mm": Trait("distance of rows", "mm", 0.1, _column("row_mm"), of_grid=True),
    "column_mm": Trait("distance of columns", "mm", 0.1, _column("column_mm"), of_grid=True),
    "slice_mm": Trait("distance of slices", "mm", 0.1, _column("slice_mm"), of_grid=True),
    "fov_rows_mm": Trait(
        *("field of view, anterior to posterior", "mm", 0.1, _column("fov_rows_mm")), of_grid=True
    ),
    "fov_columns_mm": Trait(
        *("field of view, right to left", "mm", 0.1, _column("fov_columns_mm")), of_grid=True
    ),
    "p25_over_p50": Trait("25th percentile over median", "", 0.15, _over_median("head_p25")),
    "p75_over_p50": Trait("75th percentile over median", "", 0.15, _over_median("head_p75")),
    "p95_over_p50": Trait("95th percentile over median", "", 0.15, _over_median("head_p95")),
    "snr": Trait("signal over noise of the air", "", 0.15, _column("snr")),
}
"""What is compared, by name: voxels, and intensities of the head whatever their scale."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Range(_Part):
    """The values of a trait: of how many patients, and how they spread within an institution."""

    patients: Count
    least: Positive
    largest: Positive
    log_sd: Annotated[float, Field(ge=0)]
    """SD of the logarithm around the own institution's mean."""


class Fingerprint(_Part):
    """What training patients are like.

    Attributes:
        patients: how many there are.
        field_strength_t: patients by field strength (none: it is known of nobody).
        fat_suppression: patients by answer (yes, no, cannot say), by modality.
        ranges: by modality and trait; a trait that is known of nobody is left out.
    """

    patients: Count
    field_strength_t: dict[Positive, Count]
    fat_suppression: dict[str, dict[str, Count]]
    ranges: dict[str, dict[str, Range]]


def traits_of(row: Row, modality: str) -> dict[str, float]:
    """The traits of a volume that are known."""
    found = {}
    for name, trait in TRAITS.items():
        if trait.of_grid and modality != GRID:
            continue
        value = trait.of(row)
        if value is not None and value > 0 and isfinite(value):
            found[name] = float(value)
    return found


def fingerprint_of(rows: Iterable[Row], field_strengths_t: Sequence[float]) -> Fingerprint:
    """Summarise training patients.

    Args:
        rows: of quality.csv, one for each of these patients and modalities.
        field_strengths_t: of each patient; NaN where it is unknown.
    """
    by_modality = {m: [row for row in rows if row["modality"] == m] for m in INPUTS}
    known = Counter(strength for strength in field_strengths_t if strength > 0)
    return Fingerprint(
        patients=len(field_strengths_t),
        field_strength_t=dict(known),
        fat_suppression={
            modality: dict(Counter(str(row["fat_suppression"]) for row in found))
            for modality, found in by_modality.items()
        },
        ranges={modality: _ranges(found, modality) for modality, found in by_modality.items()},
    )


def _ranges(rows: Sequence[Row], modality: str) -> dict[str, Range]:
    values: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        for name, value in traits_of(row, modality).items():
            values.setdefault(name, {}).setdefault(row["institution"], []).append(value)
    return {name: _range(list(groups.values())) for name, groups in values.items()}


def _range(groups: Sequence[Sequence[float]]) -> Range:
    """The range of a trait; `groups` are its values by institution."""
    values = [value for group in groups for value in group]
    freedom = len(values) - len(groups)
    squares = sum(float(np.square(np.log(g) - np.log(g).mean()).sum()) for g in groups)
    return Range(
        patients=len(values),
        least=min(values),
        largest=max(values),
        log_sd=(squares / freedom) ** 0.5 if freedom else 0.0,
    )


def read_fingerprint(path: Path) -> Fingerprint:
    """Read a fingerprint.

    Raises:
        UserError: it cannot be read or is damaged; the message begins with the file's name.
        OSError: there is no such file.
    """
    content = path.read_bytes()
    try:
        return Fingerprint.model_validate_json(content)
    except ValidationError:
        raise UserError(f"{path.name} is damaged or of another version: copy it again") from None


def margin(name: str, found: Range) -> float:
    """How far beyond a range, as a logarithm, a value may lie.

    A range of few patients is narrow by chance, so some SD of the patients of one institution are
    added on either side.
    """
    return max(log(1 + TRAITS[name].tolerance), SPREADS * found.log_sd)
