"""The power of a study as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gfce.evaluation.metrics import metric_named
from gfce.planning.pilot import ASSUMED_SD
from gfce.planning.power import ExpectedHospitals, ExpectedPower


def power_lines(rows: Iterable[ExpectedPower]) -> list[str]:
    """Differences that can be found, and the power to show that there is none."""
    rows = list(rows)
    return [
        "Smallest difference between two models on the same patients that is found",
        "(power 80 %, paired t-test, two-sided 5 %, before Holm's adjustment)",
        _line("patients of", "patients", [_label(name) for name in ASSUMED_SD], "SD from"),
        *(
            _line(row.scope, str(row.patients), _of_metrics(row.detectable), _source(row))
            for row in rows
        ),
        "",
        f"Power to show that equally good models differ by less than {_margins(rows)}",
        "(non-inferiority, one-sided 2.5 %), and patients needed for a power of 80 %",
        _line("patients of", "patients", _pairs(), "SD from"),
        *(_line(row.scope, str(row.patients), _power_cells(row), _source(row)) for row in rows),
    ]


def hospital_lines(content: ExpectedHospitals) -> list[str]:
    """Prediction intervals of a further hospital's mean."""
    source = "the study's scores" if content.source == "pilot" else "the paper's tables 2 and 3"
    cells = [f"{_label(name)} +-" for name in content.limit]
    return [
        "95 % prediction interval of the mean at a further hospital",
        f"(SD between hospitals from {source}: {', '.join(_of_metrics(content.sd))})",
        _line("external hospitals", "", cells),
        *(
            _line(str(row.institutions), "", _of_metrics(row.half_width))
            for row in content.intervals
        ),
        _line("any number", "", _of_metrics(content.limit)),
        *(_wanted_line(content, metric) for metric in content.wanted),
    ]


def _wanted_line(content: ExpectedHospitals, metric: str) -> str:
    width, needed = _amount(metric, content.wanted[metric]), content.needed[metric]
    answer = "no number of hospitals is enough" if needed is None else f"{needed} hospitals"
    return f"  {_label(metric)} +-{width} needs: {answer}"


def _line(name: str, count: str, cells: Iterable[str], source: str = "") -> str:
    return f"  {name:<22}{count:>9}{''.join(f'{cell:>12}' for cell in cells)}  {source}".rstrip()


def _source(row: ExpectedPower) -> str:
    return row.source if row.patients > 1 else "too few patients"


def _margins(rows: list[ExpectedPower]) -> str:
    margin = rows[0].margin
    return ", ".join(f"{_label(name)} {_amount(name, margin[name])}" for name in margin)


def _pairs() -> list[str]:
    return [cell for name in ASSUMED_SD for cell in (_label(name), "needed")]


def _power_cells(row: ExpectedPower) -> list[str]:
    cells = []
    for name, power in row.power_in_margin.items():
        needed = row.patients_for_margin[name]
        cells.append("none" if power is None else f"{100 * power:.0f} %")
        cells.append("too many" if needed is None else str(needed))
    return cells


def _label(name: str) -> str:
    return metric_named(name).label


def _of_metrics(values: Mapping[str, float | None]) -> list[str]:
    return [_amount(name, value) for name, value in values.items()]


def _amount(name: str, value: float | None) -> str:
    unit = metric_named(name).unit
    return "none" if value is None else f"{value:.2g}{'' if unit == '1' else ' ' + unit}"
