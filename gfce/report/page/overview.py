"""What was run: the summary, the grid, the cohort, the versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape
from typing import Any

import pandas as pd

from gfce import __version__, html
from gfce.files import sha256
from gfce.report.page.study import ReportedStudy
from gfce.report.portable import portable_text, text_hash
from gfce.statistics.design import normalization_title
from gfce.study.patients import ADAPT


def counted(number: int, noun: str) -> str:
    """`1 patient`, `2 patients`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def summary(study: ReportedStudy) -> str:
    """The study in one paragraph, and what it lacks in another."""
    grid, patients = study.config.grid, study.patients
    roles = patients["split"].value_counts()
    parts = {"to train on": "train", "to test on": "test", "for repairs to learn from": ADAPT}
    shares = [f"{roles.get(s, 0)} {text}" for text, s in parts.items() if s != ADAPT or s in roles]
    lines = [
        f"{counted(len(study.models), 'model')}: {counted(len(grid.networks), 'network')} × "
        f"{counted(len(grid.normalizations), 'normalization')} × "
        f"{counted(len(study.config.training_sets()), 'training set')}, "
        f"{counted(len(grid.seeds), 'training seed')} each.",
        f"{counted(len(patients), 'patient')} of "
        f"{counted(patients['institution'].nunique(), 'institution')}: {', '.join(shares)}.",
        "A model synthesises contrast-enhanced T1w (CE) from T1w and T2w; its error is measured at "
        "its own institutions (internal) and at those that no model has seen (external).",
    ]
    if study.config.simulation:
        lines.append("<strong>The patients are simulated.</strong>")
    return f"<p>{' '.join(lines)}</p>\n{''.join(_lacks(study))}"


def _lacks(study: ReportedStudy) -> Iterator[str]:
    """The results that are not there or do not fit, counted by step and reason."""
    counts = Counter((task.step, reason) for task, reason in study.unusable.items())
    if counts:
        texts = (f"{step} ({n}): {reason}" for (step, reason), n in counts.items())
        yield '<p class="absent">The study is not complete; the page leaves out what is missing or '
        yield f"does not fit: {escape('; '.join(texts))}.</p>\n"


def what_was_run(study: ReportedStudy) -> Iterator[str]:
    """The section: models, cohort, versions."""
    yield _models(study)
    yield _cohort(study)
    yield _identity(study)


def _models(study: ReportedStudy) -> str:
    rows = [
        [
            escape(model.label),
            escape(model.cell.network),
            escape(normalization_title(model.cell.normalization)),
            escape(", ".join(study.config.training_sets()[model.cell.training_set])),
            escape(", ".join(map(str, model.seeds))),
        ]
        for model in study.models
    ]
    return html.table(
        "The grid: a model for each network, normalization and training set.",
        ["Model", "Network", "Normalization", "Trained on", "Seeds"],
        rows,
    )


def _cohort(study: ReportedStudy) -> str:
    cohort, patients = study.config.cohort, study.patients
    rows = []
    for name in cohort.institutions:
        split = patients["split"][patients["institution"] == name]
        counts = [len(split), int((split == "train").sum()), int((split == "test").sum())]
        role = "development" if name in cohort.development else "external"
        rows.append([escape(name), role, *map(str, counts)])
    totals = [len(patients), *(int((patients["split"] == s).sum()) for s in ("train", "test"))]
    rows.append(["All", "", *map(str, totals)])
    return html.table(
        "The cohort: usable patients by institution and role.",
        ["Institution", "Role", "Patients", "Trained on", "Tested on"],
        rows,
        numbers=(2, 3, 4),
    )


def _identity(study: ReportedStudy) -> str:
    """What tells this study from another one."""
    items = {
        "This page": f"gfce {__version__}",
        "Models trained with": distinct(study, "versions"),
        "Devices": distinct(study, "device"),
        "Configuration, SHA-256": text_hash(portable_text(study.config)),
        "Data, SHA-256 of cohort/patients.csv, which has that of every image": sha256(
            study.results.patients
        ),
    }
    pairs = "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>\n" for k, v in items.items())
    return f"<h3>Versions</h3>\n<dl>\n{pairs}</dl>\n"


def distinct(study: ReportedStudy, key: str) -> str:
    """The values that the trainings have, each once."""
    found = dict.fromkeys(_said(run.get(key)) for run in study.runs.values())
    return "; ".join(found) or "no model is there"


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in sorted(value.items()))
    return "" if pd.isna(value) else str(value)
