"""The viewer: slices of a few patients, real and synthetic, side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd

from gfce.images.modalities import MODALITIES
from gfce.report.page.choosing import Case, chosen, errors_of, judge
from gfce.report.page.fitting import Encoded, Fitted, fitting, picked
from gfce.report.page.gray import WHITE, Pictures, pictures
from gfce.report.page.study import ReportedStudy
from gfce.statistics.design import Model
from gfce.statistics.tables.read import read_metrics
from gfce.study import test_institutions

ERROR_WHITE = 0.3
"""The absolute error on the [0, 1] scale that is shown brightest, as in figure 3."""
PANELS = {"ce": "CE", "synthetic": "Synthetic CE", "error": "Absolute error"}
"""The first row of the viewer: titles by the panel's name. The second row shows the inputs."""


def viewer(study: ReportedStudy, room: float) -> str:
    """The section.

    Args:
        study: the study.
        room: bytes that its images may take.
    """
    if not study.fits("tabulate") or not study.results.metrics.exists():
        return study.absent("tabulate")
    metrics = read_metrics(study.results.metrics)
    cases = [case for case in chosen(study, metrics) if study.fits("preprocess", case.institution)]
    if not cases:
        return '<p class="absent">Not shown: no patient of this study has a score.</p>\n'
    shown = [pictures(study, case, models_of(study, case)) for case in cases]
    fitted = fitting(shown, room)
    kept, left_out = shown[: len(fitted.patients)], cases[len(fitted.patients) :]
    if not kept:
        return '<p class="absent">Not shown: the other parts of this page leave no room.</p>\n'
    parts = [_introduction(study, fitted), _CONTROLS, _chosen(kept, left_out)]
    parts.append(_data("viewer-cases", _described(study, kept, metrics, fitted.most)))
    parts += [_data(f"viewer-slices-{n}", slices) for n, slices in enumerate(fitted.patients)]
    return "".join(parts)


def models_of(study: ReportedStudy, case: Case) -> list[Model]:
    """The models whose synthetic CE of a patient is there, by their first seed."""
    return [
        model
        for model in study.models
        if case.institution in test_institutions(study.config, model.cell)
        and study.fits("train", model.cell)
        and study.fits("predict", model.cell)
    ]


def _described(
    study: ReportedStudy, shown: Sequence[Pictures], metrics: pd.DataFrame, most: int
) -> dict[str, Any]:
    """What the script has to know besides the slices."""
    errors = {model.label: errors_of(study, metrics, model.label) for model in study.models}
    return {
        "errorWhite": ERROR_WHITE,
        "model": judge(study).label,
        "cases": [_case(p, errors, most) for p in shown],
    }


def _case(shown: Pictures, errors: dict[str, pd.Series[float]], most: int) -> dict[str, Any]:
    patient, volume = shown.case.patient_id, shown.volumes["ce"]
    numbers = picked(len(volume), shown.first, most)
    models = [name for name in shown.volumes if name not in MODALITIES]
    return {
        "patient": patient,
        "institution": shown.case.institution,
        "reasons": "; ".join(shown.case.reasons),
        "slices": [number + 1 for number in numbers],
        "of": len(volume),
        "first": numbers.index(shown.first) if shown.first in numbers else len(numbers) // 2,
        "aspect": round(shown.aspect, 4),
        "white": shown.white,
        "models": models,
        "mae": [_mae(errors[name].get(patient)) for name in models],
    }


def _mae(value: float | None) -> str | None:
    return None if value is None else f"{1000 * value:.2f}"


def _data(name: str, content: dict[str, Any] | Encoded) -> str:
    """Data for the script; a text cannot end the element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>\n'


def _introduction(study: ReportedStudy, fitted: Fitted) -> str:
    return (
        "<p>Patients are chosen by a rule: median, smallest and largest MAE of "
        f"{escape(judge(study).label)}, which is the first pooled model of the grid (the first "
        "model, if none is pooled), and the largest tumour of each external institution. "
        f"Up to {fitted.most} slices of each volume, evenly spaced, cut to the head. "
        "Synthetic images; not for diagnosis.</p>\n"
    )


def _chosen(shown: Sequence[Pictures], left_out: Sequence[Case]) -> str:
    """Who is shown and why, and how the pictures were made."""
    lines = "".join(
        f"<li><strong>{escape(p.case.patient_id)}</strong> ({escape(p.case.institution)}): "
        f"{escape('; '.join(p.case.reasons))}</li>\n"
        for p in shown
    )
    names = ", ".join(case.patient_id for case in left_out)
    lines += f"<li>Not here for want of room: {escape(names)}</li>\n" if names else ""
    return (
        f"<details><summary>Patients and gray levels</summary>\n<ul>\n{lines}</ul>\n"
        f"<p>Black is 0 and white, before the window is changed, percentile {WHITE} of T1w, of T2w "
        "and, for CE and synthetic CE alike, of the real CE. Errors are those of the pictures "
        "shown (JPEG, 255 levels up to that white); MAE is that of the whole volumes, from "
        "metrics.csv.</p>\n</details>\n"
    )


def _panel(name: str, title: str) -> str:
    return (
        f'<figure data-panel="{name}"><canvas role="img" aria-label="{title}"></canvas>'
        f"<figcaption>{title}</figcaption></figure>\n"
    )


_INPUTS = {name: modality.title for name, modality in MODALITIES.items() if modality.is_input}
_CONTROLS = f"""<noscript><p class="absent">The viewer needs JavaScript.</p></noscript>
<div id="viewer" hidden>
<div class="controls">
<label>Patient <select id="viewer-patient"></select></label>
<label>Model <select id="viewer-model"></select></label>
<label>Slice <input id="viewer-slice" type="range" min="0" step="1"></label>
<label>Brightness <input id="viewer-level" type="range" min="0" max="100" step="1"></label>
<label>Contrast <input id="viewer-contrast" type="range" min="0" max="100" step="1"></label>
<button id="viewer-blink" type="button" aria-pressed="false">Blink CE and synthetic CE</button>
<button id="viewer-reset" type="button">Reset window</button>
</div>
<p id="viewer-status" role="status"></p>
<div id="viewer-panels" class="panels" tabindex="0" role="group" aria-label="Slices"
 aria-describedby="viewer-help">
{"".join(_panel(name, title) for name, title in (PANELS | _INPUTS).items())}<div class="legend">
<canvas id="viewer-scale" role="img" aria-label="Colours of the error"></canvas>
<p class="ends"><span>0</span><span>{ERROR_WHITE} and more</span></p>
<p>Absolute error on the [0, 1] scale</p>
</div>
</div>
<p id="viewer-help" class="help">Slices: mouse wheel, arrow keys up and down, or swipe left and
right. Window: drag with the mouse (up: brighter, right: more contrast). Models: arrow keys left and
right. B: blink, R: reset.</p>
</div>
"""
