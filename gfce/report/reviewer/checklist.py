"""Checklists of reporting guidelines, filled with what the study's files say.

A list is a CSV beside this module: the item's number as it is published, what it asks in our words,
the facts that answer it (`facts`), what is left to the authors, and why it does not apply.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from gfce.report.reviewer.facts import Fact, MakesFact
from gfce.report.reviewer.packed_study import PackedStudy

FOLDER = Path(__file__).parent
UP = "../"
"""From the pack's folder to the results."""
ANSWERED, PARTLY, AUTHORS, NOT_APPLICABLE = (
    "answered from the study's files",
    "answered in part; the rest is left to the authors",
    "left to the authors",
    "do not apply to image synthesis",
)


@dataclass(frozen=True)
class Item:
    """An item of a list.

    Attributes:
        number: as it is published, such as `12a`.
        section: of the list.
        asks: what is asked, in our words.
        facts: names of the facts that answer it.
        authors: what is left to the authors.
        not_applicable: why it, or a part of it, does not apply.
    """

    number: str
    section: str
    asks: str
    facts: tuple[str, ...]
    authors: str
    not_applicable: str

    @property
    def status(self) -> str:
        """Who answers it."""
        if self.facts:
            return PARTLY if self.authors else ANSWERED
        return AUTHORS if self.authors else NOT_APPLICABLE


@dataclass(frozen=True)
class Checklist:
    """A reporting guideline's list.

    Attributes:
        name: of its CSV.
        file: that it is written to.
        title: with the year.
        source: where it was published.
        scope: what must be said of its use here.
    """

    name: str
    file: str
    title: str
    source: str
    scope: str

    @property
    def items(self) -> list[Item]:
        """Its items in their order."""
        return _items(self.name)


CLAIM = Checklist(
    "claim",
    "CLAIM.md",
    "CLAIM, 2024 update",
    "Tejani AS, Klontzas ME, Gatti AA, Mongan JT, Moy L, Park SH, Kahn CE Jr; for the CLAIM 2024 "
    "Update Panel. Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024 Update. "
    "Radiology: Artificial Intelligence 2024;6(4):e240300. https://doi.org/10.1148/ryai.240300",
    "Items 14 to 18 ask for a reference standard: here it is the acquired CE image itself.",
)
TRIPOD_AI = Checklist(
    "tripod_ai",
    "TRIPOD+AI.md",
    "TRIPOD+AI",
    "Collins GS, Moons KGM, Dhiman P, et al. TRIPOD+AI statement: updated guidance for reporting "
    "clinical prediction models that use regression or machine learning methods. BMJ "
    "2024;385:e078378. https://doi.org/10.1136/bmj-2023-078378",
    "The list is for models that predict a diagnosis or a prognosis. A network that synthesises an "
    "image predicts neither: read *outcome* as the CE image, *predictors* as T1w and T2w. Where an "
    "item has no such meaning, it says so.",
)
CHECKLISTS = (CLAIM, TRIPOD_AI)


@cache
def _items(name: str) -> list[Item]:
    with (FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return [
            Item(
                number=row["item"],
                section=row["section"],
                asks=row["asks"],
                facts=tuple(filter(None, row["facts"].split(";"))),
                authors=row["authors"],
                not_applicable=row["not_applicable"],
            )
            for row in csv.DictReader(file)
        ]


def filled(checklist: Checklist, study: PackedStudy, facts: Mapping[str, MakesFact]) -> str:
    """A list with its answers, in Markdown.

    Args:
        checklist: the list.
        study: the study that answers.
        facts: by the names that the lists know them by.
    """
    return "\n".join(_lines(checklist, study, facts)) + "\n"


def _lines(
    checklist: Checklist, study: PackedStudy, facts: Mapping[str, MakesFact]
) -> Iterator[str]:
    counts = Counter(item.status for item in checklist.items)
    order = (ANSWERED, PARTLY, AUTHORS, NOT_APPLICABLE)
    said = "; ".join(f"{counts[status]} {status}" for status in order if status in counts)
    yield f"# {checklist.title}: study {study.config.study}\n"
    yield f"{checklist.source}\n"
    yield (
        "Numbers are those of the publication; what is asked stands here in our own words, and the "
        "publication alone is the list. Behind a file stands the beginning of its SHA-256. "
        f"{checklist.scope}\n"
    )
    yield f"{len(checklist.items)} items: {said}."
    for section, items in groupby(checklist.items, key=lambda item: item.section):
        yield f"\n## {section}"
        for item in items:
            yield f"\n### {item.number}. {item.asks}\n"
            yield "\n\n".join(_answers(item, study, facts))


def _answers(item: Item, study: PackedStudy, facts: Mapping[str, MakesFact]) -> Iterator[str]:
    if item.not_applicable:
        whole = item.status == NOT_APPLICABLE
        says = "Does not apply" if whole else "Not all of it applies"
        yield f"*{says} to image synthesis:* {item.not_applicable}."
    for name in item.facts:
        yield _answer(facts[name](study), study)
    if item.authors:
        yield f"**To be filled by the authors:** {item.authors}."


def _answer(fact: Fact, study: PackedStudy) -> str:
    shown = f" ({study.evidence(fact.files, UP)})" if fact.files else ""
    return f"{fact.text}{shown}"
