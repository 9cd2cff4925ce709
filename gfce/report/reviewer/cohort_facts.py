"""Facts of the patients: who they are, how they were chosen, parted and described."""

from __future__ import annotations

from collections import Counter

from gfce.exchange.reasons import counted as counted_reasons
from gfce.images.modalities import INPUTS, MODALITIES
from gfce.report.page.overview import counted
from gfce.report.reviewer.facts import Fact, MakesFact, listed, unknown
from gfce.report.reviewer.packed_study import PackedStudy
from gfce.statistics.design import normalization_title
from gfce.study import set_aside

PATIENTS, SETS = "cohort/patients.csv", "cohort/training_sets.csv"
EXCLUSIONS, LEAKS, QUALITY = "cohort/exclusions.csv", "cohort/leaks.csv", "cohort/quality.csv"
MISSING = "tables/missing.csv"
TAKEN = {"only": "none", "first": "the first", "last": "the last"}
"""What the values of `cohort.bids.session` and `run` say."""
DATA_CARD = "[DATA_CARD.md](DATA_CARD.md)"
"""As texts of the pack's folder refer to it."""
BY_A_PERSON = "left out by a person"
"""What is said of `cohort.exclude`, whose reasons are the authors' words about patients."""


def exclusion_reasons(study: PackedStudy) -> Counter[str] | None:
    """How many patients were left out for which reason, in words that name nobody."""
    rows = study.rows(EXCLUSIONS)
    if rows is None:
        return None
    by_hand = set(study.config.cohort.exclude)
    messages = [row["reason"] for row in rows if row["patient_id"] not in by_hand]
    return counted_reasons(messages) + Counter({BY_A_PERSON: len(rows) - len(messages)})


def leak_kinds(study: PackedStudy) -> Counter[str] | None:
    """How many leaks of which severity and kind were found."""
    rows = study.rows(LEAKS)
    return None if rows is None else Counter(f"{row['severity']}: {row['kind']}" for row in rows)


def amounts(counts: Counter[str]) -> str:
    """`a (2), b (1)`, the most frequent first."""
    return listed(f"{name} ({number})" for name, number in counts.most_common())


def _data_sources(study: PackedStudy) -> Fact:
    size = (
        f"{counted(len(study.patients), 'patient')} of "
        f"{counted(study.patients['institution'].nunique(), 'institution')}"
    )
    if study.config.simulation:
        said = (
            f"{size}, **simulated** by gfce from MR physics (field strength, sequences, uptake of "
            "contrast agent, coils, noise): no image is of a person."
        )
    else:
        said = f"A BIDS dataset: {size}, each with T1w, T2w and contrast-enhanced T1w (CE)."
    return Fact(f"{said} SHA-256 of every image stands in the table.", (PATIENTS,))


def _centres(study: PackedStudy) -> Fact:
    cohort = study.config.cohort
    external = listed(cohort.external) or "none"
    return Fact(
        f"Development: {listed(cohort.development)}. External, tested on alone"
        f"{_set_aside(study)}: {external}.",
        (PATIENTS,),
    )


def _eligibility(study: PackedStudy) -> Fact:
    bids, by_hand = study.config.cohort.bids, len(study.config.cohort.exclude)
    return Fact(
        "Taken is a patient of one of the study's institutions with T1w, T2w and CE of one session "
        f"that can be used: readable, with contrast, and {_grids(study)}. Of several sessions "
        f"{TAKEN.get(bids.session, bids.session)} is taken, of several runs {TAKEN[bids.run]}. A "
        "patient without them is left out with the "
        f"reason; {counted(by_hand, 'patient')} more by name.",
        (EXCLUSIONS,),
    )


def _grids(study: PackedStudy) -> str:
    how = study.config.images.alignment
    return {
        "none": "on one grid",
        "resample": "resampled to T1w's grid by their headers",
        "rigid": "registered rigidly to T1w",
    }[how]


def _preprocessing(study: PackedStudy) -> Fact:
    images, (rows, columns) = study.config.images, study.config.images.matrix
    titles = listed(normalization_title(name) for name in study.config.grid.normalizations)
    region = {"volume": "the whole volume", "foreground": "the head"}[images.statistics_region]
    return Fact(
        f"Volumes {_grids(study)}; axial slices resampled to {rows} x {columns}. Intensities are "
        f"normalized by {titles}, with statistics of {region}; what a normalization was fitted to "
        "lies with each model. No bias field correction, no denoising."
    )


def _quality(study: PackedStudy) -> Fact:
    if study.rows(QUALITY) is None:
        return unknown(QUALITY)
    return Fact(
        "Every volume is measured (geometry, intensities, noise, cuts, fat suppression, likeness "
        "to the other volumes); what is unusual is remarked upon, and nobody is excluded for it. "
        f"The remarks are counted in {DATA_CARD}.",
        (QUALITY, "figures/quality.html"),
    )


def _subsets(study: PackedStudy) -> Fact:
    cohort = study.config.cohort
    number = cohort.training_patients
    drawn = f"{number:.0%}" if number < 1 else counted(int(number), "patient")
    pooled = cohort.pooled_patients or "as many as its smallest institution trains on"
    return Fact(
        f"Training sets: {drawn} of each development institution, drawn by the seed "
        f"{study.config.seed}; patients of a pooled set: {pooled}.",
        (SETS,),
    )


def _identity(study: PackedStudy) -> Fact:
    if study.config.simulation:
        return Fact("The patients are simulated.")
    return Fact(
        "Patients have the ids of the dataset. No file of this folder, no printed table and no "
        "weights hold one; report.html, quality.html, run.json and CSVs with a row a patient do."
    )


def _missing(study: PackedStudy) -> Fact:
    reasons, rows = exclusion_reasons(study), study.rows(MISSING)
    if reasons is None:
        return unknown(EXCLUSIONS)
    left_out = f"{reasons.total()} left out: {amounts(reasons)}" if reasons else "nobody left out"
    scores = "not known yet" if rows is None else f"{len(rows)} values missing in the tables"
    return Fact(
        f"Nothing is imputed. Patients without a usable T1w, T2w or CE are left out ({left_out}). "
        f"A score that is missing is left empty with the reason ({scores}); paired tests take the "
        "patients that both models have.",
        (EXCLUSIONS, MISSING),
    )


def _acquisition(study: PackedStudy) -> Fact:
    return Fact(
        f"Field strength, slices and voxel sizes by institution stand in {DATA_CARD}; those of "
        "every volume, and whether fat is suppressed, in the tables.",
        (PATIENTS, QUALITY),
    )


def _reference_standard(study: PackedStudy) -> Fact:
    return Fact(
        "The reference is the patient's acquired contrast-enhanced T1w (CE) volume, on the grid of "
        "T1w. It is measured, not annotated; scores compare it with the synthetic volume voxel by "
        "voxel."
    )


def _masks(study: PackedStudy) -> Fact:
    masks = int(study.patients["tumour"].notna().sum())
    made = " They are the simulator's own." if study.config.simulation else ""
    return Fact(
        f"{masks} of {counted(len(study.patients), 'patient')} have a tumour mask, which decides "
        f"where tumours are scored and nothing else.{made}",
        (PATIENTS,),
    )


def _set_aside(study: PackedStudy) -> str:
    """Who of the external institutions is not tested on."""
    number = set_aside(study.config)
    each = f"{counted(number, 'patient')} of each"
    return f" apart from {each} that repairs learn from" if number else ""


def _partitions(study: PackedStudy) -> Fact:
    split = study.patients["split"]
    return Fact(
        f"{int((split == 'train').sum())} patients to train on, {int((split == 'test').sum())} to "
        "test on. Within a development institution they are drawn by the seed "
        f"{study.config.seed}; patients of external institutions are all tested on"
        f"{_set_aside(study)}. There is no tuning set: nothing is tuned.",
        (PATIENTS, SETS),
    )


def _disjoint(study: PackedStudy) -> Fact:
    kinds = leak_kinds(study)
    if kinds is None:
        return unknown(LEAKS)
    found = f"Found: {amounts(kinds)}." if kinds else "Nothing was found."
    return Fact(
        "Patients: nobody is in two parts. Every volume is compared with every other one (files, "
        f"voxels, heads that look alike, modalities in the wrong place). {found}",
        (LEAKS,),
    )


def _flow(study: PackedStudy) -> Fact:
    reasons, usable = exclusion_reasons(study), len(study.patients)
    if reasons is None:
        return unknown(EXCLUSIONS)
    why = f": {amounts(reasons)}" if reasons else ""
    return Fact(
        f"{usable + reasons.total()} examined, {reasons.total()} left out{why}; {usable} usable. "
        f"By institution, role and split: {DATA_CARD}.",
        (PATIENTS, EXCLUSIONS),
    )


def _characteristics(study: PackedStudy) -> Fact:
    return Fact(
        f"Images by institution and split: {DATA_CARD}; gray levels: figure 1.",
        (PATIENTS, "figures/figure1.png"),
    )


def _shift(study: PackedStudy) -> Fact:
    return Fact(
        f"{DATA_CARD} sets the institutions side by side; figure 1 shows their gray levels; each "
        "model's `fingerprint.json` has the ranges of what it was trained on.",
        (QUALITY, "figures/figure1.png"),
    )


def _ethics(study: PackedStudy) -> Fact:
    if study.config.simulation:
        return Fact("The patients are simulated: there is nobody to ask for consent.")
    return Fact("Images of persons were used; gfce knows nothing of their consent.")


def _inputs(study: PackedStudy) -> Fact:
    titles = listed(MODALITIES[name].title for name in INPUTS)
    return Fact(
        f"Two images of the same examination, {titles}: all gray levels of a slice, nothing else "
        "of the patient. Nothing was selected."
    )


FACTS: dict[str, MakesFact] = {
    "data_sources": _data_sources,
    "centres": _centres,
    "eligibility": _eligibility,
    "preprocessing": _preprocessing,
    "quality": _quality,
    "subsets": _subsets,
    "identity": _identity,
    "missing": _missing,
    "acquisition": _acquisition,
    "reference_standard": _reference_standard,
    "masks": _masks,
    "partitions": _partitions,
    "disjoint": _disjoint,
    "flow": _flow,
    "characteristics": _characteristics,
    "shift": _shift,
    "ethics": _ethics,
    "inputs": _inputs,
}
