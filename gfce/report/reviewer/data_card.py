"""The card of the cohort: what the data are, whom they are of, what is known against them.

The headings are those of Gebru et al., "Datasheets for Datasets" (CACM 64(12), 2021), as far as a
study's files can answer. No patient is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gfce.cohort.characteristics import COLUMNS, characteristics
from gfce.images.modalities import MODALITIES
from gfce.quality.columns import ANSWERS
from gfce.quality.remarks import remarks
from gfce.report.page.overview import counted
from gfce.report.page.warnings import measured
from gfce.report.reviewer.checklist import UP
from gfce.report.reviewer.cohort_facts import (
    EXCLUSIONS,
    FACTS,
    LEAKS,
    PATIENTS,
    QUALITY,
    amounts,
    exclusion_reasons,
    leak_kinds,
)
from gfce.report.reviewer.packed_study import PackedStudy
from gfce.statistics.tables.render import Printed, markdown
from gfce.study import remotes, set_aside
from gfce.study.patients import ADAPT

AUTHORS = "**To be filled by the authors:**"


def data_card(study: PackedStudy) -> str:
    """The card, in Markdown."""
    return "\n".join(_lines(study)) + "\n"


def _lines(study: PackedStudy) -> Iterator[str]:
    yield f"# Data of the study {study.config.study}\n"
    yield f"## Motivation\n\n{AUTHORS} for what the dataset was made, by whom, with whose money.\n"
    yield f"## Composition\n\n{FACTS['data_sources'](study).text}\n"
    yield markdown(_institutions(study))
    yield from _merged(study)
    yield markdown(_images(study))
    yield f"{FACTS['masks'](study).text} Shown by {study.evidence([PATIENTS], UP)}.\n"
    yield f"## Collection\n\n{AUTHORS} how and when patients were enrolled, with which consent.\n"
    yield f"## Preprocessing\n\n{FACTS['preprocessing'](study).text}\n"
    yield f"## Exclusions\n\n{_exclusions(study)}\n"
    yield f"## Leaks\n\n{_leaks(study)}\n"
    yield "## Quality\n"
    yield from _quality(study)
    yield f"## Uses\n\n{FACTS['partitions'](study).text}\n"
    yield f"{AUTHORS} other uses, and which are wrong.\n"
    licence = study.config.publication.license or "not given by the authors"
    yield f"## Distribution and maintenance\n\nLicence of the results: {licence}.\n"
    yield f"{AUTHORS} who may have the images, and who looks after them."


def _splits(study: PackedStudy) -> dict[str, str]:
    """The values of the column `split`, in words."""
    splits = {"train": "Trained on", "test": "Tested on", ADAPT: "Set aside for repairs"}
    return {key: words for key, words in splits.items() if key != ADAPT or set_aside(study.config)}


def _institutions(study: PackedStudy) -> Printed:
    cohort, patients = study.config.cohort, study.patients
    excluded = Counter(row["institution"] for row in study.rows(EXCLUSIONS) or [])
    rows, splits = [], _splits(study)
    for name in cohort.institutions:
        found = patients[patients["institution"] == name]
        numbers = found["split"].value_counts()
        role = "development" if name in cohort.development else "external"
        counts = (
            *(len(found), *(numbers.get(split, 0) for split in splits)),
            *(found["tumour"].notna().sum(), excluded[name]),
        )
        rows.append([name, role, *map(str, counts)])
    header = ["Institution", "Role", "Usable", *splits.values(), "Masks", "Left out"]
    return Printed("Patients by institution", header, rows, text_columns=2)


def _images(study: PackedStudy) -> Printed:
    """What the images of each institution and split are like."""
    patients, splits = study.patients, _splits(study)
    rows = [
        [name, split, str(len(found)), *characteristics(found)]
        for name in study.config.cohort.institutions
        for split in splits
        if len(found := patients[(patients["institution"] == name) & (patients["split"] == split)])
    ]
    header = ["Institution", "Split", "Patients", *COLUMNS.values()]
    return Printed("Images by institution and split", header, rows, text_columns=2)


def _merged(study: PackedStudy) -> Iterator[str]:
    names = [remote.name for remote in remotes(study.config)]
    if names:
        yield f"Merged, with patients whose images stayed at home: {', '.join(names)}.\n"


def _exclusions(study: PackedStudy) -> str:
    reasons = exclusion_reasons(study)
    if reasons is None:
        return f"Not known: {study.evidence([EXCLUSIONS], UP)}."
    found = amounts(reasons) if reasons else "nobody"
    return f"Left out: {found}. Shown by {study.evidence([EXCLUSIONS], UP)}."


def _leaks(study: PackedStudy) -> str:
    kinds = leak_kinds(study)
    if kinds is None:
        return f"Not known: {study.evidence([LEAKS], UP)}."
    found = f"Found: {amounts(kinds)}" if kinds else "Nothing was found"
    return f"{found}. Shown by {study.evidence([LEAKS], UP)}."


def _quality(study: PackedStudy) -> Iterator[str]:
    """Remarks about institutions in words, those about patients counted; fat suppression."""
    if QUALITY not in study.files:
        yield f"Not known: {study.evidence([QUALITY], UP)}.\n"
        return
    table = measured(study.results.quality)
    found = remarks(table)
    yield from (f"- {remark.text}" for remark in found if not remark.patients)
    patients = {patient for remark in found for patient in remark.patients}
    yield f"- {counted(len(patients), 'patient')} with a remark of their own.\n"
    rows = []
    for name in study.config.cohort.institutions:
        for key, modality in MODALITIES.items():
            of = table[(table["institution"] == name) & (table["modality"] == key)]
            answers = Counter(of["fat_suppression"])
            rows.append([name, modality.title, *(str(answers[answer]) for answer in ANSWERS)])
    header = ["Institution", "Volume", *ANSWERS]
    yield markdown(Printed("Is fat suppressed? Patients by answer", header, rows, text_columns=2))
    yield f"Shown by {study.evidence([QUALITY, 'figures/quality.html'], UP)}.\n"
