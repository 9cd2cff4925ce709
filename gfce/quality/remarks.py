"""What a person should look at, in one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from gfce.files import records
from gfce.images.modalities import MODALITIES
from gfce.quality.columns import CANNOT_SAY, NO, YES
from gfce.quality.enhancement import COPY_SPREAD
from gfce.quality.fat import majority

SUPPRESSED_SERIES = {
    "ce": "a pooled model cannot learn both",
    "t2w": "the networks see two kinds of input",
}
"""Series whose fat suppression institutions choose, and what follows if they disagree."""
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Remark:
    """A line, and the patients that it is about (none: it is about institutions)."""

    text: str
    patients: tuple[str, ...] = ()


def institution_answers(table: pd.DataFrame, modality: str) -> dict[str, str]:
    """Whether an institution suppresses fat in a series: what most of its patients say."""
    rows = table[table["modality"] == modality]
    groups = rows.groupby("institution", sort=False)["fat_suppression"]
    return {str(name): majority(answers) for name, answers in groups}


def remarks(table: pd.DataFrame) -> list[Remark]:
    """All remarks about quality.csv: institutions first, then patients in the table's order."""
    found = [remark for modality in SUPPRESSED_SERIES for remark in _disagreement(table, modality)]
    for patient, rows in table.groupby("patient_id", sort=False):
        texts = [*_other_suppression(table, rows), *_copies(rows), *_outliers(rows)]
        name = f"{patient} ({rows['institution'].iloc[0]})"
        found += [Remark(f"{name}: {text}", (str(patient),)) for text in texts]
    return found


def _disagreement(table: pd.DataFrame, modality: str) -> Iterator[Remark]:
    answers = institution_answers(table, modality)
    without = [name for name, answer in answers.items() if answer == NO]
    suppressed = [name for name, answer in answers.items() if answer == YES]
    if without and suppressed:
        rest = len(without) + len(suppressed) == len(answers)
        others = _others(suppressed) if rest else listed(suppressed)
        yield Remark(
            f"{MODALITIES[modality].title} of {listed(without)} is not fat-suppressed, that of "
            f"{others} is: {SUPPRESSED_SERIES[modality]}"
        )


def _others(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"the other {NUMBERS[len(names)] if len(names) < len(NUMBERS) else len(names)}"


def listed(names: Sequence[str]) -> str:
    """Institutions in a sentence: `Institution-1, -2 and -5`."""
    stem = f"{names[0].rpartition('-')[0]}-"
    ends = [name.removeprefix(stem) for name in names]
    if stem != "-" and all(name == f"{stem}{end}" for name, end in zip(names, ends, strict=True)):
        names = [names[0], *(f"-{end}" for end in ends[1:])]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _other_suppression(table: pd.DataFrame, rows: pd.DataFrame) -> Iterator[str]:
    """Series of a patient that are suppressed otherwise than at the institution."""
    for row in records(rows):
        modality, answer = row["modality"], row["fat_suppression"]
        if modality in SUPPRESSED_SERIES:
            usual = institution_answers(table, modality)[row["institution"]]
            if CANNOT_SAY not in (answer, usual) and answer != usual:
                word = "is" if answer == YES else "is not"
                title = MODALITIES[modality].title
                yield f"{title} {word} fat-suppressed, unlike the institution's others"


def _copies(rows: pd.DataFrame) -> Iterator[str]:
    spread = pd.to_numeric(rows["enhancement_spread"]).min()
    if spread < COPY_SPREAD:
        yield "CE is T1w with other gray levels: is it the right series?"


def _outliers(rows: pd.DataFrame) -> Iterator[str]:
    unlike = [
        f"{MODALITIES[row['modality']].title} {row['outlier'].replace(';', ', ')}"
        for row in records(rows)
        if row["outlier"]
    ]
    if unlike:
        yield f"unlike the institution's others: {'; '.join(unlike)}"
