"""How far a cell's steps are, and what they wrote into their logs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gfce.errors import ERROR
from gfce.study import Cell, Results

STEPS = ("train", "predict", "evaluate")
"""The steps of a cell, in order."""

TAIL = 8192
"""Bytes at the end of a log that are looked at."""


def next_step(results: Results, cell: Cell) -> str | None:
    """The first step of a cell whose result is not there (None: it is scored)."""
    outputs = (
        results.model(cell) / "weights.safetensors",
        results.predictions(cell),
        results.cell_metrics(cell),
    )
    if outputs[-1].exists():
        return None
    return next(step for step, path in zip(STEPS, outputs, strict=True) if not path.exists())


def log_path(results: Results, step: str, cell: Cell) -> Path:
    """Where a cell's step writes."""
    return results.root / "logs" / step / f"{cell}.log"


def last_lines(path: Path) -> list[str]:
    """The last lines of a file that are not empty (none: it is not there)."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()]


def errors(lines: Sequence[str]) -> list[str]:
    """The last line of a traceback, or the program's own message (none: neither is there)."""
    if any(line.startswith("Traceback") for line in lines):
        return [line for line in reversed(lines) if line and not line.startswith(" ")][:1]
    return [line.removeprefix(ERROR) for line in lines[-1:] if line.startswith(ERROR)]


def public_reason(lines: Sequence[str]) -> str:
    """Why a step failed, fit for results (empty: no error is there).

    Of a traceback only the error's name: its text may hold paths of this machine.
    """
    said = errors(lines)
    if said and any(line.startswith("Traceback") for line in lines):
        return f"{said[0].partition(':')[0]} (see its log)"
    return said[0] if said else ""
