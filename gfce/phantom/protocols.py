"""The institutions' scanners and sequences, from protocols.csv.

The values are plausible ones within published ranges for head-and-neck protocols (T1w and CE: TR
450-750 ms, TE 8-17 ms; T2w: TR 2500-7600 ms, TE 70-100 ms; slices 3-5 mm; matrix 256-512), spread
over the common manufacturers and both field strengths.  They are not fitted to any result.

Fat is suppressed in CE everywhere, because hospitals that study CE together agree on it; no network
can know from T1w and T2w what a hospital chose.  ``simulation.changes`` makes a cohort without that
agreement (config/demo-mixed-contrast.yaml).

Patients are drawn alike everywhere: no published table says how those of these hospitals differ.
The columns ``tumour_size`` and ``atrophy``, which a table need not have, make them differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from importlib import resources
from pathlib import Path

import pandas as pd

from gfce.errors import UserError
from gfce.images.modalities import MODALITIES
from gfce.phantom.tissues import agent_at

# Physically sensible bounds, inclusive: values outside are typing errors, not protocols.
_BOUNDS: dict[str, tuple[float, float]] = {
    "dose_factor": (0.0, 5.0),
    **{f"{m}_tr_ms": (100.0, 20000.0) for m in MODALITIES},
    **{f"{m}_te_ms": (1.0, 300.0) for m in MODALITIES},
    "residual_fat": (0.0, 1.0),
    "rows": (16, 1024),
    "columns": (16, 1024),
    "voxel_mm": (0.2, 8.0),
    "acquired_voxel_mm": (0.2, 8.0),
    "slice_thickness_mm": (0.5, 15.0),
    "slice_gap_mm": (0.0, 15.0),
    "bias_strength": (0.0, 3.0),
    "gain": (1.0, 20000.0),
    "gain_spread": (0.0, 1.0),
    "snr": (1.0, 1000.0),
    "flow_ghost": (0.0, 1.0),
    "coil_edge": (0.0, 3.0),
    "tumour_size": (0.3, 2.0),
    "atrophy": (0.0, 3.0),
}


@dataclass(frozen=True)
class Protocol:
    """One institution's scanner, its three sequences and who is imaged.

    Times are in ms, lengths in mm.  ``dose_factor`` scales the tissues' uptake; ``residual_fat`` is
    the part of the fat signal left where suppression works; ``acquired_voxel_mm`` is the in-plane
    voxel before zero filling to ``voxel_mm``; ``snr`` is that of muscle on T1w; ``gain`` turns
    signal (water = 1) into stored intensity and ``gain_spread`` is its log-normal spread between
    series; ``flow_ghost`` and ``coil_edge`` are relative amplitudes; ``phase_axis`` is 'rows' or
    'columns'.  ``tumour_size`` multiplies the tumours' radii and ``atrophy`` the width of sulci and
    ventricles, which grow with age.  Raises UserError for impossible values.
    """

    name: str
    manufacturer: str
    model: str
    field_strength_t: float
    agent: str
    dose_factor: float
    t1w_tr_ms: float
    t1w_te_ms: float
    t2w_tr_ms: float
    t2w_te_ms: float
    ce_tr_ms: float
    ce_te_ms: float
    t1w_fat_suppression: bool
    t2w_fat_suppression: bool
    ce_fat_suppression: bool
    residual_fat: float
    rows: int
    columns: int
    voxel_mm: float
    acquired_voxel_mm: float
    slice_thickness_mm: float
    slice_gap_mm: float
    bias_strength: float
    gain: float
    gain_spread: float
    snr: float
    flow_ghost: float
    coil_edge: float
    phase_axis: str
    tumour_size: float = 1.0
    atrophy: float = 1.0

    def __post_init__(self) -> None:
        agent_at(self.agent, self.field_strength_t)
        for name, (low, high) in _BOUNDS.items():
            value = float(getattr(self, name))
            if not low <= value <= high:
                raise UserError(
                    f"protocol {self.name}: {name} is {value:g}, outside {low:g} to {high:g}"
                )
        for modality in MODALITIES:
            if self.te_ms(modality) >= self.tr_ms(modality):
                raise UserError(f"protocol {self.name}: {modality} echo time exceeds repetition")
        if self.phase_axis not in ("rows", "columns"):
            raise UserError(f"protocol {self.name}: phase_axis is neither 'rows' nor 'columns'")

    def tr_ms(self, modality: str) -> float:
        """Return the repetition time of 't1w', 't2w' or 'ce'."""
        return float(getattr(self, f"{modality}_tr_ms"))

    def te_ms(self, modality: str) -> float:
        """Return the echo time of 't1w', 't2w' or 'ce'."""
        return float(getattr(self, f"{modality}_te_ms"))

    def fat_suppression(self, modality: str) -> bool:
        """Return whether fat is suppressed in 't1w', 't2w' or 'ce'."""
        return bool(getattr(self, f"{modality}_fat_suppression"))


Changes = Mapping[str, Mapping[str, str | float | bool]]
"""Other values of single cells of a table, by institution and column."""


def read_protocols(path: Path | None = None, changes: Changes | None = None) -> dict[str, Protocol]:
    """Read a table of protocols, one institution a row; None reads the packaged seven.

    A column ``source`` is for readers.  ``changes`` are written into the table before it is read.
    Raises UserError for a file that cannot be read, missing or unknown columns, duplicate names
    and impossible values, and for a change of an unknown institution or column.
    """
    table = _read(path).drop(columns="source", errors="ignore")
    own = [f for f in fields(Protocol) if f.name != "name"]
    columns = ["institution", *(f.name for f in own)]
    needed = ["institution", *(f.name for f in own if f.default is MISSING)]
    label = path.name if path else "protocols.csv"
    for problem, names in (
        ("unknown", [c for c in table.columns if c not in columns]),
        ("missing", [c for c in needed if c not in table.columns]),
    ):
        if names:
            raise UserError(f"{label}: {problem} column(s) {', '.join(names)}")
    rows = [{str(k): str(v) for k, v in row.items()} for row in table.to_dict("records")]
    _change(rows, changes or {}, columns[1:])
    protocols = [_protocol(row, label) for row in rows]
    names = [protocol.name for protocol in protocols]
    if not names or len(set(names)) < len(names):
        raise UserError(f"{label}: needs at least one institution, each named once")
    return dict(zip(names, protocols, strict=True))


def _change(rows: list[dict[str, str]], changes: Changes, columns: list[str]) -> None:
    by_name = {row["institution"]: row for row in rows}
    for institution, cells in changes.items():
        if institution not in by_name:
            known = ", ".join(by_name)
            raise UserError(
                f"simulation.changes: {institution} has no protocol (known: {known}): correct it"
            )
        for column, value in cells.items():
            if column not in columns:
                raise UserError(
                    f"simulation.changes.{institution}: there is no column {column} "
                    f"(known: {', '.join(columns)}): correct it"
                )
            by_name[institution][column] = _as_cell(value)


def _as_cell(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    # A configuration's numbers are floats, and some columns hold whole numbers.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _read(path: Path | None) -> pd.DataFrame:
    source = path or resources.files("gfce.phantom").joinpath("protocols.csv")
    try:
        with source.open(encoding="utf-8") as stream:
            return pd.read_csv(stream, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:  # pandas' complaints are ValueErrors
        reason = error.strerror if isinstance(error, OSError) else "no CSV table in UTF-8"
        name = path.name if path else source
        raise UserError(f"protocol table {name}: cannot be read ({reason})") from None


def _protocol(row: dict[str, str], label: str) -> Protocol:
    values: dict[str, object] = {"name": row["institution"]}
    for field in fields(Protocol):
        if field.name in row:
            values[field.name] = _convert(row[field.name], str(field.type), field.name, row, label)
    return Protocol(**values)  # type: ignore[arg-type]


def _convert(text: str, kind: str, column: str, row: dict[str, str], label: str) -> object:
    """Turn one cell into the field's type: yes/no, a number or text."""
    text = text.strip()
    try:
        if kind == "bool":
            return {"yes": True, "no": False}[text.lower()]
        return {"float": float, "int": int, "str": str}[kind](text)
    except (KeyError, ValueError):
        need = {"bool": "yes or no", "int": "a whole number"}.get(kind, "a number")
        raise UserError(
            f"{label}: {row['institution']}, column {column}: '{text}' is not {need}"
        ) from None
