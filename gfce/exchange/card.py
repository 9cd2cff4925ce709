"""The model card: how models were trained and scored, what they are for and what they are not.

It goes with a bundle (`gfce bundle`) and, one for each cell, to reviewers (`gfce pack`). The
headings are those of Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from gfce import __version__
from gfce.cohort.characteristics import COLUMNS, characteristics
from gfce.config import StudyConfig
from gfce.evaluation.metrics import PRINTED_METRICS
from gfce.files import records
from gfce.provenance.state import Provenance
from gfce.statistics.design import normalization_title
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.read import read_metrics
from gfce.statistics.tables.render import Printed, markdown
from gfce.statistics.tables.table2_scores import print_scores
from gfce.steps import Task
from gfce.study import (
    Cell,
    Results,
    model_label,
    read_patients,
    read_training_set,
    test_patients,
    with_remotes,
)

LEGEND = (
    "Mean ± SD over patients, seeds averaged; an institution that is not marked: held-out patients "
    "of an institution that the model was trained on. † external institution. Overall: unweighted "
    "mean over the institutions above."
)

USE = """## Intended use

**Research, not for diagnosis.** A model makes a synthetic contrast-enhanced (CE) T1w MRI from T1w
and T2w. It paints the enhancement that its training patients had: it can paint a lesion that is not
there, and leave out one that is. No decision about a patient may rest on its images. A bundle of
models is meant for `gfce evaluate-bundle`, which measures how far they are right at a hospital that
they have not seen; `gfce synthesize` applies one to a patient.

## Factors

Field strength, sequence, voxel size, fat suppression, scanner, anatomy and disease. Scores are
parted by institution, in which all of them differ at once, and by the volume of the tumour.
"""

CONSIDERATIONS = """## Ethical considerations

- A synthetic image looks like an acquired one. Whoever passes it on has to say that it is
  synthetic.
- No file of a bundle holds a patient's id. Weights are made of patients' images all the same:
  whether something of an image, or who was in the training, can be got back out of them has not
  been measured.
- How models do by age, sex or origin is not known: gfce reads none of them.

## Limits

- Trained on the anatomy, the disease, the sequences and the scanners of the institutions above. How
  much worse models are elsewhere is what the study asks.
- T1w, T2w and CE must lie on one grid, aligned; whether fat is suppressed in them matters most.
- Intensities are relative: those of the synthetic CE have no unit.
"""


def scored_study(config: StudyConfig, state: Provenance) -> ScoredStudy | None:
    """The scores that cards show, merged institutions included (None: they are not up to date)."""
    if state.reason(Task("tabulate")):
        return None
    return ScoredStudy(with_remotes(config), read_metrics(Results(config).metrics))


def model_card(
    config: StudyConfig, cells: Sequence[Cell], state: Provenance, scored: ScoredStudy | None
) -> str:
    """The card of these cells, in Markdown; without patients' ids and without dates.

    Args:
        config: the study.
        cells: those that the card is of, which are trained.
        state: what is known of the study's results.
        scored: what `scored_study` gives, once for all cards.
    """
    labels = ", ".join(dict.fromkeys(model_label(config, cell) for cell in cells))
    several = len(cells) != 1
    parts = [
        f"# {'Models' if several else f'Model {labels}'} of the study {config.study}\n",
        f"{len(cells)} model{'s' if several else ''}, by gfce {__version__}.\n",
        "## Model details\n",
        markdown(_details(config, cells)),
        *(_made(config, cell, state) for cell in cells),
        f"\n{USE}",
        "## Metrics\n",
        f"{_metrics(config)}\n",
        "## Training data\n",
        markdown(_institutions(config, cells)),
        "## Evaluation data\n",
        f"{_evaluation(config, cells)}\n",
        "## Scores\n",
        _scores(config, cells, scored),
        CONSIDERATIONS,
    ]
    return "\n".join(parts)


def _details(config: StudyConfig, cells: Sequence[Cell]) -> Printed:
    results, sets = Results(config), config.training_sets()
    rows = [
        [
            model_label(config, cell),
            cell.network,
            normalization_title(cell.normalization),
            ", ".join(sets[cell.training_set]),
            str(len(read_training_set(results, cell.training_set))),
            str(cell.seed),
        ]
        for cell in cells
    ]
    header = ["Model", "Network", "Normalization", "Trained on", "Patients", "Seed"]
    return Printed(f"Models, {config.training.epochs} epochs each", header, rows)


def _made(config: StudyConfig, cell: Cell, state: Provenance) -> str:
    """By what the weights were made, and which they are."""
    results = Results(config)
    run = json.loads(results.run(cell).read_text(encoding="utf-8"))
    options = config.network(cell.network).model_dump(mode="json")
    versions = ", ".join(f"{name} {version}" for name, version in sorted(run["versions"].items()))
    start = run["initial_weights_sha256"]
    weights = results.weights(cell)
    record = state.record(Task("train", cell))
    known = record.hashes() if record else {}
    return (
        f"- {cell}: {', '.join(f'{key} {value}' for key, value in options.items())}; "
        f"{run['slices']} slices, {run['steps']} steps on {run['device']}; {versions}; "
        f"initial weights: {f'given, SHA-256 `{start}`' if start else 'random, by the seed'}; "
        f"weights: SHA-256 `{known.get(weights.relative_to(results.root).as_posix(), 'not known')}`"
    )


def _metrics(config: StudyConfig) -> str:
    named = "; ".join(f"{metric.label}: {metric.description}" for metric in PRINTED_METRICS)
    return f"{named}. Of the whole volume, scaled by `{config.evaluation.scaling}`."


def _institutions(config: StudyConfig, cells: Sequence[Cell]) -> Printed:
    results = Results(config)
    patients = read_patients(results).set_index("patient_id")
    names = dict.fromkeys(cell.training_set for cell in cells)
    trained = {patient for name in names for patient in read_training_set(results, name)}
    used = patients[patients.index.isin(trained)]
    rows = [
        [name, str(len(rows)), *characteristics(rows)]
        for name in config.cohort.development
        if len(rows := used[used["institution"] == name])
    ]
    header = ["Institution", "Patients", *COLUMNS.values()]
    return Printed("Patients that any of the models was trained on", header, rows)


def _evaluation(config: StudyConfig, cells: Sequence[Cell]) -> str:
    """How many patients of which institution the models are tested on."""
    patients = read_patients(Results(config))
    counts: dict[str, int] = {}
    for cell in cells:
        rows = test_patients(config, cell, patients)
        counts |= Counter(f"{row['institution']} ({row['cohort']})" for row in records(rows))
    tested = "; ".join(f"{name}: {number}" for name, number in counts.items())
    return (
        f"Patients whom no model has seen: {tested}. External: of an institution that trained no "
        "model; cross: of one that trained others of the study's models."
    )


def _scores(config: StudyConfig, cells: Sequence[Cell], scored: ScoredStudy | None) -> str:
    """The rows of tables 2 and 3 that are about these models, if they are up to date."""
    if scored is None:  # why may name a patient
        return "Not known: the study's tables were not up to date when the card was made.\n"
    labels = [model_label(config, cell) for cell in cells]
    printed = print_scores("", scored.rows[scored.rows["model"].isin(labels)], "")
    return markdown(replace(printed, caption="Scores per institution", notes=[LEGEND], bold=set()))
