"""Facts of the models: what they are, how they were trained, what they give and to whom."""

from __future__ import annotations

import re

from gfce import __version__
from gfce.files import sha256
from gfce.provenance.code import LOCK
from gfce.report.page.overview import counted, distinct
from gfce.report.portable import portable_text, text_hash
from gfce.report.reviewer.facts import Fact, MakesFact, listed, unknown
from gfce.report.reviewer.packed_study import SHORT, PackedStudy
from gfce.statistics.design import normalization_title
from gfce.study import method_of

CARDS = "reviewer/models/"
RUNS = "models/"


def _approach(study: PackedStudy) -> Fact:
    return Fact(
        "Deep learning: convolutional networks "
        f"({listed(dict.fromkeys(_architectures(study)))}) synthesise contrast-enhanced T1w MRI "
        "from T1w and T2w. Developed at some institutions and evaluated at these and at others."
    )


def _architectures(study: PackedStudy) -> list[str]:
    grid = study.config.grid.networks
    return [str(study.config.network(name).architecture) for name in grid]


def _goal(study: PackedStudy) -> Fact:
    grid = study.config.grid
    repaired = sum(model.is_repaired for model in study.models)
    plain = len(study.models) - repaired
    by_repairs = f"; {counted(repaired, 'model')} that repair these: {listed(grid.repairs)}"
    return Fact(
        "To develop and to evaluate: how well models of one institution work at another one, and "
        "whether intensity normalization or training on several institutions repairs it. "
        f"{counted(plain, 'model')}: {counted(len(grid.networks), 'network')} x "
        f"{counted(len(grid.normalizations), 'normalization')} x "
        f"{counted(len(study.config.training_sets()), 'training set')}, "
        f"{counted(len(grid.seeds), 'training seed')} each{by_repairs if repaired else ''}."
    )


def _intended_use(study: PackedStudy) -> Fact:
    return Fact(
        "Research on how models generalize. **Not for diagnosis:** a network can paint a lesion "
        "that is not there, and leave out one that is; no decision about a patient may rest on its "
        "images. Each model's card says so.",
        (CARDS,),
    )


def _networks(study: PackedStudy) -> Fact:
    entries = []
    for name in study.config.grid.networks:
        options = study.config.network(name).model_dump(mode="json")
        said = listed(f"{key} {value}" for key, value in options.items())
        entries.append(f"`{name}` ({said})")
    return Fact(
        f"{listed(entries)}: layer by layer in gfce/networks, described in docs/networks.md. "
        "Input: a slice of T1w and one of T2w; output: one of CE; slices are synthesised one by "
        "one (2D).",
        (RUNS,),
    )


def _output(study: PackedStudy) -> Fact:
    return Fact(
        "A gray level for each voxel, which is mapped back from normalized units; it has no unit "
        "and no threshold.",
        ("predictions/",),
    )


def _threshold(study: PackedStudy) -> Fact:
    threshold = study.config.evaluation.enhancement_threshold
    return Fact(
        f"The one threshold is of the scorecard: a tumour counts as enhancing from {threshold:g} "
        "of the signal before contrast agent, a setting and not fitted (docs/scorecard.md)."
    )


def _software(study: PackedStudy) -> Fact:
    edits = study.code_edits
    edited = f" Edited since that release: {listed(edits)}." if edits else ""
    return Fact(
        f"gfce {__version__}, its code as in provenance.lock of SHA-256 `{sha256(LOCK)[:SHORT]}`."
        f"{edited} Models trained with: {distinct(study, 'versions')}; on: "
        f"{distinct(study, 'device')}.",
        (RUNS,),
    )


def without_code_state(text: str) -> str:
    """A checklist without what it says of gfce's own code, which is new with every edit."""
    return re.sub(r"its code as in provenance\.lock.*?(?= Models trained with:)", "", text)


def _initialization(study: PackedStudy) -> Fact:
    if not study.runs:
        return unknown(RUNS)
    taken_up = sum("weights_of" in run for run in study.runs.values())
    given = sum(bool(run.get("initial_weights_sha256")) for run in study.runs.values()) - taken_up
    seeds = listed(study.config.grid.seeds)
    from_weights = (
        f"{given} of {counted(len(study.runs), 'training')} began with given weights, whose "
        "SHA-256 stands in run.json."
        if given
        else "No training began with weights of another one."
    )
    repaired = (
        f" {counted(taken_up, 'model')} began as the finished one without a repair, named in "
        "run.json."
        if taken_up
        else ""
    )
    return Fact(f"Random, by the training seeds ({seeds}). {from_weights}{repaired}", (RUNS,))


def _training(study: PackedStudy) -> Fact:
    how = study.config.training
    return Fact(
        f"{counted(how.epochs, 'epoch')} of all training slices, {how.batch_size} a step; "
        f"Adam, learning rate {how.learning_rate:g} for {counted(how.constant_epochs, 'epoch')} "
        f"and then linearly towards 0; loss: {how.l1_weight:g} x mean absolute error, and of "
        "networks with a discriminator the least-squares adversarial loss; recipe "
        f"{how.recipe}, {how.precision}. {_augmentation(study)} Losses of every epoch: "
        "history.csv of each model and the figures.",
        (RUNS, "figures/learning/"),
    )


def _augmentation(study: PackedStudy) -> str:
    methods = {model.cell.repair: method_of(study.config, model.cell) for model in study.models}
    augmented = [name for name, method in methods.items() if method and method.augment]
    return f"Augmentation: of {listed(augmented)} alone." if augmented else "No augmentation."


def _selection(study: PackedStudy) -> Fact:
    return Fact(
        "None: the model of the last epoch is taken, for every cell of the grid. No setting was "
        "tuned within the study, and test patients decide nothing."
    )


def _ensembling(study: PackedStudy) -> Fact:
    return Fact(
        "None: each model predicts alone. Scores of several training seeds are averaged per "
        "patient, images are not."
    )


def _explanation(study: PackedStudy) -> Fact:
    return Fact(
        "None. What is shown instead is the error itself: synthetic and real CE with their "
        "difference, of patients that are chosen by a rule (figure 3; the viewer of report.html).",
        ("figures/figure3.png", "report.html"),
    )


def _prediction(study: PackedStudy) -> Fact:
    return Fact(
        "`gfce predict` applies the weights of the last epoch slice by slice; `gfce synthesize` "
        "does the same to a patient outside the study, `gfce evaluate-bundle` to those of another "
        "hospital.",
        (RUNS,),
    )


def _updating(study: PackedStudy) -> Fact:
    return Fact("None: no model was changed or recalibrated after it was evaluated.")


def _models(study: PackedStudy) -> Fact:
    return Fact(
        "Weights (safetensors), what the normalization was fitted to, and a card for each; `gfce "
        "bundle` puts them into one file for another hospital. Weights are made of patients' "
        "images: whether something of these can be got back out has not been measured.",
        (RUNS, CARDS),
    )


def _code(study: PackedStudy) -> Fact:
    where = study.config.publication.code
    at = f" at {where}" if where else ", where the authors have not said"
    return Fact(f"gfce {__version__}, Apache-2.0{at}; CITATION.cff says how it is cited.")


def _data(study: PackedStudy) -> Fact:
    licence = study.config.publication.license or "not given by the authors"
    images = (
        "The simulated dataset follows from the configuration (`gfce simulate`)."
        if study.config.simulation
        else "The patients' images are not among the results."
    )
    return Fact(
        f"All scores, tables and tests are among the results, described in datapackage.json. "
        f"{images} Licence of the results: {licence}.",
        ("datapackage.json", "metrics.csv"),
    )


def _protocol(study: PackedStudy) -> Fact:
    return Fact(
        "Everything that the study was asked to do is its configuration, SHA-256 "
        f"`{text_hash(portable_text(study.config))}`, printed at the end of report.html. Methods "
        "with their formulas: docs of gfce.",
        ("report.html",),
    )


def _fairness(study: PackedStudy) -> Fact:
    return Fact(
        "Hospitals weigh the same in every Overall, whatever their number of patients. Scores are "
        "compared between hospitals and tumour volumes; gfce reads neither age nor sex nor origin."
    )


def _input_checks(study: PackedStudy) -> Fact:
    return Fact(
        "`gfce synthesize` needs both images and refuses what cannot be read or does not lie on "
        "one grid (docs/inputs.md); it warns of images unlike those of the training, by the "
        "ranges of fingerprint.json (docs/synthesize.md).",
        (RUNS,),
    )


def _users(study: PackedStudy) -> Fact:
    normalizations = listed(normalization_title(name) for name in study.config.grid.normalizations)
    return Fact(
        "Users give T1w and T2w of one examination, aligned; intensities are normalized without "
        f"them ({normalizations}). A command line is all there is."
    )


FACTS: dict[str, MakesFact] = {
    "approach": _approach,
    "goal": _goal,
    "intended_use": _intended_use,
    "networks": _networks,
    "output": _output,
    "threshold": _threshold,
    "software": _software,
    "initialization": _initialization,
    "training": _training,
    "selection": _selection,
    "ensembling": _ensembling,
    "explanation": _explanation,
    "prediction": _prediction,
    "updating": _updating,
    "models": _models,
    "code": _code,
    "data": _data,
    "protocol": _protocol,
    "fairness": _fairness,
    "input_checks": _input_checks,
    "users": _users,
}
