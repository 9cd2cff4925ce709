"""quality.html: all patients on one page, to be looked over by a person.

One file without references: pictures are data URIs, there is no script, and nothing is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from gfce.files import records
from gfce.html import document
from gfce.images.modalities import MODALITIES
from gfce.quality.columns import COLUMNS
from gfce.quality.outliers import MIN_PATIENTS
from gfce.quality.remarks import Remark, institution_answers
from gfce.quality.thumbnails import WHITE

STYLE = """
article th { overflow-wrap: anywhere; }
article { border-top: 1px solid #8a8a8a; padding: .5rem 0; display: flex; flex-wrap: wrap;
  gap: .5rem 1rem; content-visibility: auto; contain-intrinsic-size: auto 15rem; }
article > div { flex: 1 1 16rem; min-width: 0; }
article > h3 { flex: 1 0 100%; }
.row { display: flex; gap: .25rem; flex: 0 1 27rem; }
figure { margin: 0; flex: 1 1 0; min-width: 0; }
figure img { width: 100%; height: auto; background: #000; display: block; }
figcaption { font-size: .85rem; }
h3 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
.look { border-left: 4px solid #a33; padding-left: .5rem; margin: .25rem 0; }
p { margin: .25rem 0; }
"""
INTRODUCTION = f"""<p>The middle slice of each volume after resampling, black at 0 and white at
percentile {WHITE} of the volume's own head. Look for wrong series, cut heads, artefacts and series
that differ from the others of the institution. To leave a patient out, name the patient and the
reason in <code>cohort.exclude</code> of the configuration. docs/quality.md says how everything is
measured.</p>
"""
SHOWN = ("snr", "fat_suppression", "enhancement_p99", "cut_slices", "wrap_around", "spike_slices")
"""Columns that stand beside the pictures; all others can be opened."""


@dataclass(frozen=True)
class Picture:
    """A patient's pictures.

    Attributes:
        images: a data URI for each modality.
        slice: number of the slice that is shown, from 1.
        aspect: width over height of the field of view.
    """

    images: Mapping[str, str]
    slice: int
    aspect: float


def page(table: pd.DataFrame, pictures: Mapping[str, Picture], found: Sequence[Remark]) -> str:
    """The page.

    Args:
        table: quality.csv, patients in the order of the page.
        pictures: by patient.
        found: what a person should look at.
    """
    by_patient = {str(name): rows for name, rows in table.groupby("patient_id", sort=False)}
    institutions = list(dict.fromkeys(table["institution"]))
    parts = ['<a class="skip" href="#patients">To the patients</a>\n<main>\n']
    parts += [f"<h1>Quality of the cohort: {len(by_patient)} patients</h1>\n", INTRODUCTION]
    parts += [*_warnings(found), *_overview(table, institutions), '<div id="patients">\n']
    for number, institution in enumerate(institutions):
        parts.append(f'<section>\n<h2 id="institution-{number}">{escape(institution)}</h2>\n')
        for patient, rows in by_patient.items():
            if rows["institution"].iloc[0] == institution:
                texts = [remark.text for remark in found if patient in remark.patients]
                parts += _patient(patient, rows, pictures[patient], texts)
        parts.append("</section>\n")
    return document("Quality of the cohort", [*parts, "</div>\n</main>\n"], STYLE)


def _warnings(found: Sequence[Remark]) -> Iterator[str]:
    yield f"<h2>Warnings: {len(found)}</h2>\n<ul>\n"
    for remark in found:
        links = "".join(
            f' <a href="#{_id(name)}">Show {escape(name)}</a>' for name in remark.patients
        )
        yield f"<li>{escape(remark.text)}{links}</li>\n"
    yield "</ul>\n"


def _overview(table: pd.DataFrame, institutions: Sequence[str]) -> Iterator[str]:
    """A line for each institution, with a link to its patients."""
    answers = {name: institution_answers(table, name) for name in ("t2w", "ce")}
    yield '<h2 id="institutions">Institutions</h2>\n<div class="scroll" role="region" tabindex="0"'
    yield ' aria-labelledby="institutions"><table>\n'
    yield "<caption>Fat suppression is what most patients that can be judged show.</caption>\n"
    columns = ("Institution", "Patients", "T2w fat-suppressed", "CE fat-suppressed", "Outliers")
    yield "<tr>" + "".join(f'<th scope="col">{name}</th>' for name in columns) + "</tr>\n"
    for number, name in enumerate(institutions):
        rows = table[table["institution"] == name]
        patients = rows["patient_id"].nunique()
        unlike: int | str = rows["patient_id"][rows["outlier"] != ""].nunique()
        unlike = unlike if patients >= MIN_PATIENTS else "too few to compare"
        cells = (patients, answers["t2w"][name], answers["ce"][name], unlike)
        yield f'<tr><th scope="row"><a href="#institution-{number}">{escape(name)}</a></th>'
        yield "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
    yield "</table></div>\n"


def _patient(
    patient: str, rows: pd.DataFrame, picture: Picture, texts: Sequence[str]
) -> Iterator[str]:
    name, by_modality = escape(patient), {row["modality"]: row for row in records(rows)}
    yield f'<article id="{_id(patient)}">\n<h3>{name}</h3>\n<div class="row">\n'
    for modality, image in picture.images.items():
        title = MODALITIES[modality].title
        yield f'<figure><img src="{image}" alt="{title} of {name}, slice {picture.slice}"'
        yield f' style="aspect-ratio: {picture.aspect:.3f}">'
        yield f"<figcaption>{title}</figcaption></figure>\n"
    yield "</div>\n<div>\n"
    yield from (f'<p class="look">{escape(text)}</p>\n' for text in texts)
    yield _measured(by_modality, SHOWN)
    first = next(iter(by_modality.values()))
    others = [c.name for c in COLUMNS if c.name not in (*SHOWN, *_IDENTITY) and c.name in first]
    yield f"<details><summary>All that was measured of {name}</summary>\n"
    yield _measured(by_modality, others) + "</details>\n</div>\n</article>\n"


_IDENTITY = ("patient_id", "institution", "modality")


def _measured(by_modality: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> str:
    """A table of quantities, a column for each modality."""
    titles = "".join(f'<th scope="col">{MODALITIES[name].title}</th>' for name in by_modality)
    lines = [f'<tr><th scope="col">Measured</th>{titles}</tr>\n']
    for name in names:
        cells = "".join(f"<td>{_shown(row[name])}</td>" for row in by_modality.values())
        lines.append(f'<tr><th scope="row">{name.replace("_", " ")}</th>{cells}</tr>\n')
    return f"<table>\n{''.join(lines)}</table>\n"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return escape(value.replace(";", ", "))
    return "" if pd.isna(value) else f"{value:.4g}"


def _id(patient: str) -> str:
    return escape(f"patient-{patient}")
