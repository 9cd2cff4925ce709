"""scorecard.csv: whether synthetic images show the tumour, and what else enhances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gfce.config import StudyConfig
from gfce.contract.columns import OVERALL
from gfce.evaluation.enhancement_table import NUMBERS
from gfce.files import records
from gfce.statistics.design import Model
from gfce.statistics.inference.scorecard_columns import (
    AGAINST,
    ALL,
    COLUMNS,
    COUNTS,
    MEASURES,
    RATIO,
    volume_groups,
)
from gfce.statistics.methods.agreement import SENSITIVITY_BOUNDS, agreement, proportion
from gfce.statistics.questions import TUMOURS
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.statistics.tables.aggregate import PATIENT_KEYS, SCORE_KEYS
from gfce.statistics.tables.read import read_enhancement
from gfce.study import METHOD_KEYS, Results, said_of

NOT_SCORED = "no patient has a row in enhancement.csv"
ONE_PATIENT = "one patient: no limits and no intervals"
NONE_OF_VOLUME = "no tumour of this volume"
NONE_ENHANCES = "no tumour enhances in the real CE"
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
    table = TABLE.frame(
        [
            _row(model, key, summary, scored.get(key[:3], (0, NOT_SCORED)))
            for model in study.models
            for key in _keys(model, study.config)
        ]
    )
    return TABLE.with_whole_numbers(table)


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
        if measure.name == RATIO and config.evaluation.tumour_volumes_ml:
            volumes = patients.loc[known.index, "tumour_ml"]
            yield known.assign(tumour_volume=_groups(volumes, config))


def _groups(volumes: pd.Series[float], config: StudyConfig) -> list[str]:
    names = volume_groups(config)
    places = np.searchsorted(config.evaluation.tumour_volumes_ml, volumes, side="right")
    return [names[place] for place in places]


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
    groups = volume_groups(config)
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
    named["against"] = AGAINST[named["measure"]]
    found = summary.get(key)
    if found is None:
        is_group = (*key[:-1], ALL) in summary
        return named | {"n": 0, "reason": NONE_OF_VOLUME if is_group else scored[1]}
    reasons = [ONE_PATIENT] if found["n"] == 1 else []
    if named["tumour_volume"] == ALL and (lacking := scored[0] - found["n"]):
        reasons.append(f"{lacking} of {scored[0]} patients without a value: {scored[1]}")
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
    networks = [
        (" ".join(said_of(dict(zip(METHOD_KEYS, key, strict=True)), METHOD_KEYS)), records(group))
        for key, group in rows.groupby(list(METHOD_KEYS), sort=False)
    ]
    lines = [line for name, group in networks for line in _lines(name, group, cohort)]
    return "".join(f"- {line}\n" for line in lines)


def _lines(name: str, rows: list[dict[str, Any]], cohort: str) -> Iterator[str]:
    seen = sorted((r for r in rows if r["n_enhancing"]), key=lambda r: -r["sensitivity"])
    if seen:
        yield (
            f"Tumours that enhance in the real CE and in the synthetic one ({name}, {cohort}): "
            + _ends(seen, lambda row: (row["n_detected"], row["n_enhancing"]), _sensitivity)
        )
    ratios = sorted(rows, key=lambda row: abs(row["bias"]))
    yield (
        f"Enhancement ratio of tumours, synthetic less real CE ({name}, {cohort}): "
        + _ends(ratios, lambda row: row["bias"], _bias)
    )


def _ends(
    rows: list[dict[str, Any]], value: Callable[[Any], Any], text: Callable[[Any], str]
) -> str:
    """The best and the worst of sorted rows in words, each with all models that share the place."""
    best, worst = (
        f"{' and '.join(row['model'] for row in rows if value(row) == value(end))} {text(end)}"
        for end in (rows[0], rows[-1])
    )
    return best if best == worst else f"best {best}, worst {worst} (scorecard.csv)"


def _sensitivity(row: dict[str, Any]) -> str:
    low, high = (100 * row[name] for name in SENSITIVITY_BOUNDS)
    return (
        f"{row['n_detected']:.0f} of {row['n_enhancing']:.0f} "
        f"({100 * row['sensitivity']:.0f} % [{low:.0f}, {high:.0f}])"
    )


def _bias(row: dict[str, Any]) -> str:
    text = f"{row['bias']:+.2f}"
    if pd.isna(row["bias_ci95_low"]):
        return f"{text} (no interval)"
    return f"{text} [{row['bias_ci95_low']:+.2f}, {row['bias_ci95_high']:+.2f}]"


TABLE = StudyTable(
    name="statistics/scorecard",
    title="Whether synthetic images show the tumour and other enhancement",
    key=tuple(KEYS),
    columns=COLUMNS,
    make=scorecard,
    answers={TUMOURS: scorecard_text},
)
