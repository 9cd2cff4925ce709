"""Facts of the scores: how they are measured and tested, and what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gfce.evaluation.metrics import METRICS
from gfce.report.page.overview import counted
from gfce.report.reviewer.cohort_facts import LEAKS, QUALITY, amounts, leak_kinds
from gfce.report.reviewer.facts import Fact, MakesFact, listed, unknown
from gfce.report.reviewer.packed_study import PackedStudy, Row
from gfce.statistics.inference.verdicts import NOT_SHOWN, OPPOSITE, SHOWN, UNKNOWN

FINDINGS, FINDINGS_TEXT = "statistics/findings.csv", "statistics/findings.md"
STABILITY, SEEDS = "statistics/stability.csv", "statistics/seeds.csv"
TRIVIAL, SCORECARD = "statistics/against_trivial.csv", "statistics/scorecard.csv"
NEXT, NEXT_FIGURE = "statistics/next_hospital.csv", "figures/next_hospital/"
TABLES = ("tables/table2.md", "tables/table3.md")
SHOWN_MODELS = 20
"""Models, and cohorts of them, whose sensitivity stands in a text; the table has all."""
IN_WORDS = {
    SHOWN: "shown",
    NOT_SHOWN: "not shown",
    OPPOSITE: "the opposite is shown",
    UNKNOWN: "unknown",
}


def _metrics(study: PackedStudy) -> Fact:
    named = "; ".join(f"{metric.label} ({metric.description})" for metric in METRICS)
    how = study.config.evaluation
    return Fact(
        f"{named}. Of each patient's {how.average}, scaled by `{how.scaling}` (metrics.csv has "
        "both scalings, and the head and the tumour apart). Of the tumours: enhancement, contrast, "
        "sensitivity. Formulas and sources: docs/metrics.md, docs/scorecard.md.",
        ("metrics.csv", "enhancement.csv"),
    )


def _uncertainty(study: PackedStudy) -> Fact:
    how = study.config.statistics
    margins = listed(
        f"{metric.label} {how.equivalence_margin(metric.name):g}"
        for metric in METRICS
        if metric.margin
    )
    return Fact(
        "The patient is the unit. Paired t tests with Holm's correction within pre-specified "
        "families, Wilcoxon beside them; 95 % intervals by the delta method and of "
        f"{how.bootstrap_resamples} bootstrap resamples; equivalence within margins ({margins}); a "
        "mixed model; a meta-analysis over the external institutions. Formulas: "
        "docs/statistics.md.",
        ("statistics/paired_tests.csv", "statistics/drops.csv", "statistics/equivalence.csv"),
    )


def _robustness(study: PackedStudy) -> Fact:
    rows = study.rows(STABILITY)
    if rows is None:
        return unknown(STABILITY)
    choices = ("scaling", "region", "metric", "seed")
    values = (f"{name}: {listed(dict.fromkeys(r[name] for r in rows))}" for name in choices)
    return Fact(
        f"Each claim again under the analyst's other choices ({'; '.join(values)}), "
        f"{counted(len(rows), 'row')}.",
        (STABILITY, SEEDS),
    )


def _sample_size(study: PackedStudy) -> Fact:
    split = study.patients["split"]
    sets = study.rows("cohort/training_sets.csv")
    sizes = Counter(row["training_set"] for row in sets or [])
    trained = listed(f"{name} {number}" for name, number in sizes.items()) or "not known yet"
    return Fact(
        f"Training patients by training set: {trained}. Test patients: "
        f"{int((split == 'test').sum())}, of which each model is scored on those of its own "
        "institutions and on all external ones.",
        ("cohort/patients.csv", "cohort/training_sets.csv"),
    )


def _internal(study: PackedStudy) -> Fact:
    return Fact(
        "Held-out patients of the institutions that a model was trained on: rows *internal* of "
        "tables 2 and 3. Models of the other development institutions are set beside them on the "
        "same patients (home and away).",
        (*TABLES, "tables/home_and_away.md"),
    )


def _external(study: PackedStudy) -> Fact:
    external = study.config.cohort.external
    if not external:
        return Fact("None: the study has no external institution.")
    return Fact(
        f"All patients of {listed(external)}, of whom no model has seen any: rows *external* of "
        "tables 2 and 3; tables 4 and 5 are made of them.",
        (*TABLES, "tables/table4.md", "tables/table5.md"),
    )


def _scores(study: PackedStudy) -> Fact:
    return Fact(
        "By model and institution: tables 2 and 3, mean and standard deviation over patients. "
        "Differences with 95 % intervals: the statistics, by institution and (of tumours) by "
        "volume.",
        (*TABLES, "statistics/paired_tests.csv", "statistics/drops.csv"),
    )


def _findings(study: PackedStudy) -> Fact:
    rows = study.rows(FINDINGS)
    if rows is None:
        return unknown(FINDINGS)
    counts = Counter(IN_WORDS[row["verdict"]] for row in rows)
    shaky = sum(row["verdict"] == SHOWN and bool(row["verdict_changes_with"]) for row in rows)
    return Fact(
        f"{counted(len(rows), 'claim')}, decided by a rule: {amounts(counts)}; of those shown "
        f"{shaky} are not under every other choice of scaling, region or seed. The sentences with "
        "their intervals are those of findings.md.",
        (FINDINGS, FINDINGS_TEXT),
    )


def _tumours(study: PackedStudy) -> Fact:
    rows = study.rows(SCORECARD)
    if rows is None:
        return unknown(SCORECARD)
    seen = [_seen(row) for row in _overall(rows)]
    if not seen:
        return Fact("No tumour that enhances was scored.", (SCORECARD,))
    hidden = len(seen) - SHOWN_MODELS
    more = f"; and {hidden} more" if hidden > 0 else ""
    return Fact(
        "No diagnosis is made. Of the tumours that enhance in the real CE, those that do so in the "
        f"synthetic one: {'; '.join(seen[:SHOWN_MODELS])}{more} (95 % intervals of Clopper and "
        "Pearson).",
        (SCORECARD,),
    )


def _overall(rows: Iterable[Row]) -> list[Row]:
    """Of the scorecard, one row for each model and cohort: all tumours, all institutions."""
    return [
        row
        for row in rows
        if row["sensitivity"]
        and row["tumour_volume"] == "all"
        and row["testing"] == "Overall"
        and row["measure"] == "enhancement_ratio"
    ]


def _seen(row: Row) -> str:
    low, high = (100 * float(row[f"sensitivity_ci95_{bound}"]) for bound in ("low", "high"))
    network = row["network"]
    return (
        f"{row['model']} ({network}, {row['cohort']}) {row['n_detected']} of {row['n_enhancing']} "
        f"[{low:.0f}, {high:.0f}] %"
    )


def _failures(study: PackedStudy) -> Fact:
    rows = study.rows(TRIVIAL)
    if rows is None:
        return unknown(TRIVIAL)
    lost = sum(row["beats_both"] == "False" for row in rows)
    return Fact(
        f"In {lost} of {len(rows)} rows a model is no better than T1w itself or the mean of the "
        "training CE. The patients with the largest error of a model that is fixed beforehand are "
        "shown in report.html; tumours that a model leaves out are counted in the scorecard.",
        (TRIVIAL, SCORECARD, "report.html"),
    )


def _heterogeneity(study: PackedStudy) -> Fact:
    return Fact(
        "Every score is given by institution. A random-effects meta-analysis (REML, Hartung-Knapp, "
        "prediction interval) says what a further hospital may expect; a mixed model and variance "
        "components part the differences between institutions, patients and seeds.",
        (NEXT, "statistics/mixed_model.csv", "statistics/variance_components.csv"),
    )


def _heterogeneity_results(study: PackedStudy) -> Fact:
    rows = study.rows(NEXT)
    if rows is None:
        return unknown(NEXT)
    return Fact(
        "Effects by institution, their spread (tau, I squared) and the prediction interval of a "
        f"next hospital: {counted(len(rows), 'row')} and a forest plot for each metric.",
        (NEXT, NEXT_FIGURE),
    )


def _limits(study: PackedStudy) -> Fact:
    seeds, rows = len(study.config.grid.seeds), study.rows(FINDINGS)
    split, leaks = study.patients["split"], leak_kinds(study)
    open_claims = None if rows is None else sum(row["verdict"] != SHOWN for row in rows)
    said = [
        f"{counted(len(study.config.cohort.external), 'external institution')} and "
        f"{int((split == 'test').sum())} test patients in all",
        f"{counted(seeds, 'training')} of each model"
        + (": chance of training is not measured" if seeds == 1 else ""),
        "" if open_claims is None else f"{open_claims} claims are not shown",
        "" if not leaks else f"leaks that were let pass: {amounts(leaks)}",
        "the patients are simulated" if study.config.simulation else "",
    ]
    text = "; ".join(filter(None, said))
    return Fact(f"{text[0].upper()}{text[1:]}.", (FINDINGS_TEXT, LEAKS, QUALITY))


FACTS: dict[str, MakesFact] = {
    "metrics": _metrics,
    "uncertainty": _uncertainty,
    "robustness": _robustness,
    "sample_size": _sample_size,
    "internal": _internal,
    "external": _external,
    "scores": _scores,
    "findings": _findings,
    "tumours": _tumours,
    "failures": _failures,
    "heterogeneity": _heterogeneity,
    "heterogeneity_results": _heterogeneity_results,
    "limits": _limits,
}
