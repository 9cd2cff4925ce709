"""scorecard.csv: whether synthetic images show the tumour, and what else enhances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from gfce.config import StudyConfig
from gfce.contract.columns import COHORT, MODEL, OVERALL, REASON, TESTING, N, axes
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.enhancement_table import NUMBERS
from gfce.files import records
from gfce.statistics.design import Model
from gfce.statistics.inference.agreement import SENSITIVITY_BOUNDS, agreement, proportion
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.statistics.tables.aggregate import PATIENT_KEYS, SCORE_KEYS
from gfce.statistics.tables.read import read_enhancement
from gfce.study import METHOD_KEYS, Results

RATIO = "enhancement_ratio"
"""The measure that says whether a tumour is detected."""
ALL = "all"
"""Stands for tumours of every volume."""
NOT_SCORED = "no patient has a row in enhancement.csv"
ONE_PATIENT = "one patient: no limits and no intervals"
NONE_OF_VOLUME = "no tumour of this volume"
NONE_ENHANCES = "no tumour enhances in the real CE"


@dataclass(frozen=True)
class Measure:
    """A measure of two images, by the columns of enhancement.csv.

    Attributes:
        name: its name in scorecard.csv.
        reference: the column of what it is set against (None: 0).
        synthetic: the column of the synthetic CE.
        against: what the reference is: the real CE, or T1w itself in the place of a synthetic CE.
    """

    name: str
    reference: str | None
    synthetic: str
    against: str = "real"


def _of_both(name: str) -> Measure:
    return Measure(name, f"{name}_real", f"{name}_synthetic")


def _of_error(region: str) -> Measure:
    name = f"enhancement_error_{region}"
    return Measure(name, f"{name}_t1w", name, "t1w")


MEASURES = (
    _of_both(RATIO),
    _of_both("cnr"),
    _of_error("tumour"),
    _of_error("head"),
    _of_both("enhancing_ml"),
    Measure("over_enhancement_ml", None, "over_enhancement_ml"),
    Measure("under_enhancement_ml", None, "under_enhancement_ml"),
)
_AGAINST = {measure.name: measure.against for measure in MEASURES}
COUNTS = ("n_enhancing", "n_detected")
"""The columns of the measure `RATIO` alone, besides the sensitivity."""
KEYS = [*SCORE_KEYS, "measure", "tumour_volume"]


def scorecard(study: ScoredStudy) -> pd.DataFrame | None:
    """A row for each model, institution and measure; of tumours also by their volume.

    None where there is no enhancement.csv. An Overall row holds all patients of the cohort, each
    with the same weight: limits of agreement and sensitivities are about patients. Rows of other
    cohorts than internal and external are left out.
    """
    images = read_enhancement(Results(study.config).enhancement)
    if images is None:
        return None
    patients = _with_overall(_patients(images))
    differences = pd.concat(_differences(patients, study.config), ignore_index=True)
    summary = _summary(differences, study.config.evaluation.enhancement_threshold)
    scored = _scored(patients)
    return TABLE.frame(
        [
            _row(model, key, summary, scored.get(key[:3], (0, NOT_SCORED)))
            for model in study.models
            for key in _keys(model, study.config)
        ]
    )


def _patients(images: pd.DataFrame) -> pd.DataFrame:
    """One row per model and patient: the mean over the training seeds."""
    numbers = {column.name: "mean" for column in NUMBERS}
    grouped = images.groupby(PATIENT_KEYS, sort=False, observed=True)
    return grouped.agg({**numbers, "reason": "first"}).reset_index()


def _with_overall(patients: pd.DataFrame) -> pd.DataFrame:
    """The patients of each institution, and all of them once more as Overall."""
    named = patients.rename(columns={"institution": "testing"})
    return pd.concat([named, named.assign(testing=OVERALL)], ignore_index=True)


def _differences(patients: pd.DataFrame, config: StudyConfig) -> Iterator[pd.DataFrame]:
    """Reference, synthetic and difference of each patient and measure that both are known of."""
    for measure in MEASURES:
        reference = patients[measure.reference] if measure.reference else 0.0
        rows = patients[list(SCORE_KEYS)].assign(
            measure=measure.name,
            tumour_volume=ALL,
            reference=reference,
            synthetic=patients[measure.synthetic],
        )
        known = rows[rows[["reference", "synthetic"]].notna().all(axis=1)]
        yield known
        if measure.name == RATIO:
            volumes = patients.loc[known.index, "tumour_ml"]
            yield known.assign(tumour_volume=_groups(volumes, config))


def _groups(volumes: pd.Series[float], config: StudyConfig) -> list[str]:
    names = volume_groups(config)
    places = np.searchsorted(config.evaluation.tumour_volumes_ml, volumes, side="right")
    return [names[place] for place in places]


def volume_groups(config: StudyConfig) -> list[str]:
    """The groups of tumour volumes, smallest first; a limit belongs to the group above it."""
    limits = [f"{limit:g}" for limit in config.evaluation.tumour_volumes_ml]
    if not limits:
        return [ALL]
    between = [f"{low} to {high} ml" for low, high in pairwise(limits)]
    return [f"below {limits[0]} ml", *between, f"{limits[-1]} ml and more"]


def _summary(rows: pd.DataFrame, threshold: float) -> dict[tuple[str, ...], dict[str, Any]]:
    """Counts, means and spread of the differences by `KEYS`."""
    rows = rows.assign(difference=rows["synthetic"] - rows["reference"])
    rows["enhancing"] = rows["reference"] - 1 >= threshold
    rows["detected"] = rows["enhancing"] & (rows["synthetic"] - 1 >= threshold)
    summary = rows.groupby(KEYS, sort=False).agg(
        n=("difference", "size"),
        mean_reference=("reference", "mean"),
        mean_synthetic=("synthetic", "mean"),
        bias=("difference", "mean"),
        sd=("difference", "std"),
        n_enhancing=("enhancing", "sum"),
        n_detected=("detected", "sum"),
    )
    return dict(zip(summary.index, records(summary), strict=True))


def _scored(patients: pd.DataFrame) -> dict[tuple[str, ...], tuple[int, str]]:
    """How many patients there are, and why the first of those lacks values that does ("": none)."""
    reasons = patients["reason"].fillna("").replace("", None)
    groups = patients.assign(reason=reasons).groupby(list(SCORE_KEYS), sort=False)["reason"]
    counts = zip(groups.size(), groups.first().fillna(""), strict=True)
    return dict(zip(groups.size().index, counts, strict=True))


def _keys(model: Model, config: StudyConfig) -> Iterator[tuple[str, ...]]:
    """The rows of a model in the table's order."""
    groups = [name for name in volume_groups(config) if name != ALL]
    for cohort, names in (("internal", model.internal), ("external", model.external)):
        overall = [OVERALL] if len(names) > 1 or (names and cohort == "external") else []
        for testing in [*names, *overall]:
            for measure in MEASURES:
                for group in [ALL, *groups] if measure.name == RATIO else [ALL]:
                    yield model.label, testing, cohort, measure.name, group


def _row(
    model: Model,
    key: tuple[str, ...],
    summary: Mapping[tuple[str, ...], dict[str, Any]],
    scored: tuple[int, str],
) -> dict[str, Any]:
    named = dict(zip(KEYS, key, strict=True)) | model.values(METHOD_KEYS)
    named["against"] = _AGAINST[named["measure"]]
    found = summary.get(key)
    if found is None:
        is_group = (*key[:-1], ALL) in summary
        return named | {"n": 0, "reason": NONE_OF_VOLUME if is_group else scored[1]}
    reasons = [ONE_PATIENT] if found["n"] == 1 else []
    if named["tumour_volume"] == ALL and (lacking := scored[0] - found["n"]):
        reasons.append(f"{lacking} of {scored[0]} patients have no value: {scored[1]}")
    row = named | found | agreement(found["n"], found["bias"], found["sd"])
    if named["measure"] == RATIO:
        row |= proportion(found["n_detected"], found["n_enhancing"])
        reasons += [] if found["n_enhancing"] else [NONE_ENHANCES]
    else:
        row |= dict.fromkeys(COUNTS)
    return row | {"reason": "; ".join(reasons)}


def scorecard_text(table: pd.DataFrame) -> str:
    """Two lines of Markdown for each network: tumours that are seen, and how much they enhance.

    About external patients, or internal ones where there are no others; models from best to worst.
    """
    cohort = "external" if (table["cohort"] == "external").any() else "internal"
    rows = table[(table["measure"] == RATIO) & (table["tumour_volume"] == ALL)]
    rows = rows[(rows["cohort"] == cohort) & (rows["n"] > 0)]
    rows = rows[(rows["testing"] == OVERALL) | (cohort == "internal")]
    networks = rows.groupby(list(METHOD_KEYS), sort=False)
    lines = [line for key, group in networks for line in _lines(key, records(group), cohort)]
    return "".join(f"- {line}\n" for line in lines)


def _lines(key: Sequence[str], rows: list[dict[str, Any]], cohort: str) -> Iterator[str]:
    name = " ".join(key)
    seen = sorted((r for r in rows if r["n_enhancing"]), key=lambda r: -r["sensitivity"])
    if seen:
        yield (
            f"Tumours that enhance in the real CE and in the synthetic one ({name}, {cohort}): "
            + _ends(seen, _sensitivity)
        )
    ratios = sorted(rows, key=lambda row: abs(row["bias"]))
    yield (
        f"Enhancement ratio of tumours, synthetic less real CE ({name}, {cohort}): "
        + _ends(ratios, _bias)
    )


def _ends(rows: list[dict[str, Any]], text: Callable[[dict[str, Any]], str]) -> str:
    """The best and the worst of sorted rows in words."""
    best, worst = text(rows[0]), text(rows[-1])
    return best if len(rows) == 1 else f"best {best}, worst {worst} (scorecard.csv)"


def _sensitivity(row: dict[str, Any]) -> str:
    low, high = (100 * row[name] for name in SENSITIVITY_BOUNDS)
    return (
        f"{row['model']} {row['n_detected']:.0f} of {row['n_enhancing']:.0f} "
        f"({100 * row['sensitivity']:.0f} % [{low:.0f}, {high:.0f}])"
    )


def _bias(row: dict[str, Any]) -> str:
    text = f"{row['model']} {row['bias']:+.2f}"
    if pd.isna(row["bias_ci95_low"]):
        return f"{text} (no interval)"
    return f"{text} [{row['bias_ci95_low']:+.2f}, {row['bias_ci95_high']:+.2f}]"


def _number(name: str, meaning: str, unit: str = UNIT_OF_METRIC) -> Column:
    return Column(name, "number", meaning, unit)


def _interval(name: str, of: str) -> tuple[Column, Column]:
    bounds = (("low", "Lower"), ("high", "Upper"))
    return tuple(  # type: ignore[return-value]
        _number(f"{name}_ci95_{end}", f"{word} bound of the 95 % confidence interval of {of}")
        for end, word in bounds
    )


def _count(name: str, meaning: str) -> Column:
    return Column(name, "integer", f"{meaning} ({RATIO} alone)", minimum=0)


def _share(name: str, meaning: str) -> Column:
    return Column(name, "number", f"{meaning} ({RATIO} alone)", "1", minimum=0, maximum=1)


TABLE = StudyTable(
    name="statistics/scorecard",
    title="Whether synthetic images show the tumour and other enhancement",
    key=tuple(KEYS),
    columns=(
        *axes(METHOD_KEYS),
        MODEL,
        replace(
            TESTING,
            meaning="Institution that the model is tested on, or Overall: all patients of the "
            "cohort, each with the same weight",
        ),
        COHORT,
        Column("measure", "string", "What is compared", allowed=tuple(_AGAINST)),
        Column(
            "against",
            "string",
            "What the synthetic CE is set against: the real CE, or T1w itself in its place",
            allowed=("real", "t1w"),
        ),
        Column(
            "tumour_volume",
            "string",
            "Volume of the tumours (evaluation.tumour_volumes_ml), or all",
            allowed=lambda config: list(dict.fromkeys([ALL, *volume_groups(config)])),
        ),
        N,
        _number(
            "mean_reference", "Mean of the real CE or of T1w; 0 for volumes of one image alone"
        ),
        _number("mean_synthetic", "Mean of the synthetic CE"),
        _number("bias", "Mean difference, synthetic CE less the other"),
        *_interval("bias", "the bias"),
        _number("loa_low", "Lower limit of agreement: bias less 1.96 SD of the differences"),
        *_interval("loa_low", "the lower limit"),
        _number("loa_high", "Upper limit of agreement: bias and 1.96 SD of the differences"),
        *_interval("loa_high", "the upper limit"),
        _count("n_enhancing", "Tumours that enhance in the real CE"),
        _count("n_detected", "Tumours of these that enhance in the synthetic CE"),
        _share("sensitivity", "n_detected / n_enhancing"),
        _share("sensitivity_ci95_low", "Lower bound of its exact 95 % confidence interval"),
        _share("sensitivity_ci95_high", "Upper bound of its exact 95 % confidence interval"),
        REASON,
    ),
    make=scorecard,
)
