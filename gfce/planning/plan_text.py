"""A plan as people and programs read it."""

from __future__ import annotations

import json
from dataclasses import asdict

from gfce.evaluation.metrics import metric_named
from gfce.planning.expected_intervals import ExpectedInterval
from gfce.planning.pilot import ASSUMED_SD
from gfce.planning.plan import Plan, Taken
from gfce.planning.power_text import hospital_lines, power_lines


def plan_json(content: Plan) -> str:
    """A plan for programs: the attributes of Plan."""
    return json.dumps(asdict(content), indent=2) + "\n"


def plan_text(content: Plan) -> str:
    """A plan for people."""
    jobs = [f"  {step:<22}{count:>7}" for step, count in content.jobs.items()]
    disk = [f"  {name:<22}{_size(amount):>10}" for name, amount in content.disk_bytes.items()]
    lines = [
        f"Study {content.study}",
        "",
        "Jobs",
        *jobs,
        f"  {'in all':<22}{sum(content.jobs.values()):>7}",
        "",
        f"Time (training step {content.step_seconds:.3g} s, {content.speed})",
        f"  GPU-hours             {content.gpu_hours:>10.1f}",
        f"  CPU core-hours        {content.cpu_hours:>10.1f}",
        f"  hours on {content.gpus:>3} GPU(s)   {content.wall_hours:>10.1f}",
        *_taken_lines(content.taken),
        "",
        "Disk",
        *disk,
        f"  {'in all':<22}{_size(sum(content.disk_bytes.values())):>10}",
        "",
        "Expected 95 % confidence interval of one model's mean at an institution",
        f"  {'institution':<22}{'patients':>9}{_metric_titles()}  SD from",
        *(_interval_line(row) for row in content.expected_intervals),
        "",
        *power_lines(content.expected_power),
        "",
        *hospital_lines(content.expected_hospitals),
        *_assumption_lines(content.assumptions),
    ]
    return "\n".join(lines) + "\n"


def _metric_titles() -> str:
    return "".join(f"{metric_named(name).label + ' +-':>12}" for name in ASSUMED_SD)


def _assumption_lines(assumptions: list[str]) -> list[str]:
    if not assumptions:
        return []
    return ["", "Assumed, not known: all numbers above rest on", *(f"  {a}" for a in assumptions)]


def _taken_lines(taken: Taken | None) -> list[str]:
    if taken is None:
        return []
    return [
        f"  {taken.trainings} finished trainings took {taken.hours:.2f} GPU-hours; "
        f"{taken.planned_hours:.2f} are planned for them"
    ]


def _interval_line(row: ExpectedInterval) -> str:
    known = all(width is not None for width in row.half_width.values())
    widths = "".join(f"{_width(name, row):>12}" for name in row.half_width)
    source = row.source if known else "too few patients"
    return f"  {row.institution:<22}{row.patients:>9}{widths}  {source}"


def _width(name: str, row: ExpectedInterval) -> str:
    width, unit = row.half_width[name], metric_named(name).unit
    return "none" if width is None else f"{width:.2g}{'' if unit == '1' else ' ' + unit}"


def _size(amount: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"
