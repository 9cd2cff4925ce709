"""The factors of a protocol that are replaced together, each declared once.

It is read with every configuration and every table, so it imports nothing that is slow, nor the
simulator, of which no table is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

Protocol = TypeVar("Protocol")
"""A `gfce.phantom.Protocol`."""


@dataclass(frozen=True)
class Factor:
    """Columns of the table of protocols that are taken from another hospital together.

    Attributes:
        name: in the configuration and in tables.
        title: in figures.
        columns: of the table (`gfce.phantom.Protocol`).
    """

    name: str
    title: str
    columns: tuple[str, ...]


FACTORS: dict[str, Factor] = {
    factor.name: factor
    for factor in (
        Factor("field_strength", "field strength", ("field_strength_t",)),
        Factor(
            "timing",
            "TR and TE",
            ("t1w_tr_ms", "t1w_te_ms", "t2w_tr_ms", "t2w_te_ms", "ce_tr_ms", "ce_te_ms"),
        ),
        Factor(
            "fat_suppression",
            "fat suppression",
            ("t1w_fat_suppression", "t2w_fat_suppression", "ce_fat_suppression", "residual_fat"),
        ),
        Factor("agent", "contrast agent", ("agent", "dose_factor")),
        Factor(
            "voxel_size",
            "voxel size",
            (
                *("rows", "columns", "voxel_mm", "acquired_voxel_mm"),
                *("slice_thickness_mm", "slice_gap_mm"),
            ),
        ),
        Factor("coil", "coil and flow", ("bias_strength", "coil_edge", "flow_ghost", "phase_axis")),
        Factor("gain", "gain", ("gain", "gain_spread")),
        Factor("noise", "noise", ("snr",)),
        Factor("population", "population", ("tumour_size", "atrophy")),
    )
}
"""In the order of tables and figures; `population` is of the patients, the others of the scan."""
SHOWN_NOWHERE = ("name", "manufacturer", "model")
"""The other columns: no voxel depends on them (`name` is whose patients are drawn)."""


def differing(own: Protocol, other: Protocol, factors: Iterable[str]) -> tuple[str, ...]:
    """Those of some factors in which two protocols differ, in the order of `FACTORS`."""
    wanted = set(factors)
    return tuple(
        name
        for name, factor in FACTORS.items()
        if name in wanted
        and any(getattr(own, column) != getattr(other, column) for column in factor.columns)
    )


def replaced(own: Protocol, other: Protocol, factors: Iterable[str]) -> Protocol:
    """A protocol with some factors of another: the patients stay those of the first.

    Raises:
        UserError: the columns do not go together, such as an agent without values at this field.
    """
    columns: Sequence[str] = [column for name in factors for column in FACTORS[name].columns]
    others = {column: getattr(other, column) for column in columns}
    return cast(Protocol, replace(cast(Any, own), **others))
