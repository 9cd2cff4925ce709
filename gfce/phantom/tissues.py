"""Tissue and contrast-agent properties by field strength, from tissues.csv and agents.csv."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from gfce.errors import UserError
from gfce.phantom.tables import read_table

FIELD_STRENGTHS_T = {1.5: "1p5t", 3.0: "3t"}


@dataclass(frozen=True)
class Tissue:
    """Proton density (water = 1), relaxation times (ms) and uptake of contrast agent (mmol/l).

    ``fat_fraction`` is the part of the signal that resonates at the fat frequency and
    ``velocity_mm_per_s`` the speed through the slice.
    """

    name: str
    pd: float
    t1_ms: float
    t2_ms: float
    uptake_mmol_per_l: float = 0.0
    fat_fraction: float = 0.0
    velocity_mm_per_s: float = 0.0


@dataclass(frozen=True)
class Agent:
    """Relaxivities of a contrast agent, 1/(s mmol/l)."""

    name: str
    r1: float
    r2: float


def _suffix(field_strength_t: float) -> str:
    if field_strength_t not in FIELD_STRENGTHS_T:
        known = ", ".join(f"{value:g}" for value in FIELD_STRENGTHS_T)
        raise UserError(
            f"field strength {field_strength_t:g} T: tissues are known at {known} T only"
        )
    return FIELD_STRENGTHS_T[field_strength_t]


def tissue_names() -> tuple[str, ...]:
    """Return the tissues in the order of every fraction array."""
    return tuple(str(name) for name in read_table("tissues.csv", "tissue").index)


@cache
def tissues_at(field_strength_t: float) -> tuple[Tissue, ...]:
    """Return every tissue at 1.5 or 3 T, in the order of ``tissue_names``.

    Raises UserError for another field strength.
    """
    suffix = _suffix(field_strength_t)
    return tuple(
        Tissue(
            name=str(name),
            pd=float(row["pd"]),
            t1_ms=float(row[f"t1_ms_{suffix}"]),
            t2_ms=float(row[f"t2_ms_{suffix}"]),
            uptake_mmol_per_l=float(row["uptake_mmol_per_l"]),
            fat_fraction=float(row["fat_fraction"]),
            velocity_mm_per_s=float(row["velocity_mm_per_s"]),
        )
        for name, row in read_table("tissues.csv", "tissue").iterrows()
    )


@cache
def agent_at(name: str, field_strength_t: float) -> Agent:
    """Return a contrast agent's relaxivities at 1.5 or 3 T.

    Raises UserError for an agent or a field strength that the tables do not hold.
    """
    suffix = _suffix(field_strength_t)
    table = read_table("agents.csv", "agent")
    if name not in table.index:
        raise UserError(f"contrast agent '{name}': known agents are {', '.join(table.index)}")
    r1, r2 = (float(table[f"{r}_{suffix}"][name]) for r in ("r1", "r2"))
    return Agent(name, r1, r2)


def enhanced(tissue: Tissue, agent: Agent, concentration_mmol_per_l: float) -> Tissue:
    """Return the tissue with contrast agent: 1/T1' = 1/T1 + r1 C, 1/T2' = 1/T2 + r2 C.

    Source: Rohrer et al., Invest. Radiol. 40(11):715-724 (2005), eq. 1; fast exchange assumed.
    """
    return replace(
        tissue,
        t1_ms=1e3 / (1e3 / tissue.t1_ms + agent.r1 * concentration_mmol_per_l),
        t2_ms=1e3 / (1e3 / tissue.t2_ms + agent.r2 * concentration_mmol_per_l),
    )
