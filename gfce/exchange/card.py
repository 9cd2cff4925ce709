"""The model card of a bundle: whom its models were trained on, how they scored, what they are for.

The headings follow Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from gfce import __version__
from gfce.config import StudyConfig
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
    with_remotes,
)

COLUMNS = ("field_strength_t", "slices", "voxel_mm")
"""Of patients.csv, what says how an institution's images are."""
SHOWN = 4
"""Different values that are all named."""
LEGEND = (
    "Mean ± SD over patients, seeds averaged; an institution that is not marked: held-out patients "
    "of an institution that the model was trained on. † external institution. Overall: unweighted "
    "mean over the institutions above."
)

USE = """## Intended use

**Research, not for diagnosis.** A model makes a synthetic contrast-enhanced (CE) T1w MRI from T1w
and T2w. It paints the enhancement that its training patients had: it can paint a lesion that is not
there, and leave out one that is. No decision about a patient may rest on its images. The bundle is
meant for `gfce evaluate-bundle`, which measures how far the models are right at a hospital that
they have not seen.

## Limits

- Trained on the anatomy, the disease, the sequences and the scanners of the institutions below. How
  much worse models are elsewhere is what the study asks.
- T1w, T2w and CE must lie on one grid, aligned; whether fat is suppressed in them matters most.
- Intensities are relative: those of the synthetic CE have no unit.
- No file holds a patient's id. Weights are made of patients' images all the same: whether something
  of an image, or who was in the training, can be got back out of them has not been measured.
"""


def model_card(config: StudyConfig, cells: Sequence[Cell], state: Provenance) -> str:
    """The card of these cells, in Markdown; without patients' ids and without dates."""
    parts = [
        f"# Models of the study {config.study}\n",
        f"{len(cells)} models, by gfce {__version__}.\n",
        USE,
        "## Training\n",
        markdown(_training(config, cells)),
        "## Training institutions\n",
        markdown(_institutions(config, cells)),
        "## Scores\n",
        _scores(config, cells, state),
    ]
    return "\n".join(parts)


def _training(config: StudyConfig, cells: Sequence[Cell]) -> Printed:
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


def _institutions(config: StudyConfig, cells: Sequence[Cell]) -> Printed:
    results = Results(config)
    patients = read_patients(results).set_index("patient_id")
    names = dict.fromkeys(cell.training_set for cell in cells)
    trained = {patient for name in names for patient in read_training_set(results, name)}
    used = patients[patients.index.isin(trained)]
    header = ["Institution", "Patients", "Field strength (T)", "Slices", "Voxels (mm)"]
    rows = [
        [name, str(len(rows)), *(_range(rows[column]) for column in COLUMNS)]
        for name in config.cohort.development
        if len(rows := used[used["institution"] == name])
    ]
    return Printed("Patients that any of the models was trained on", header, rows)


def _range(column: pd.Series[Any]) -> str:
    """The values of several patients: all of few; of many the extremes, or how many there are."""
    known = sorted(column.dropna().unique().tolist())
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in known]
    if len(texts) <= SHOWN:
        return ", ".join(texts) or "not known"
    is_text = isinstance(known[0], str)
    return f"{len(texts)} different" if is_text else f"{texts[0]} to {texts[-1]}"


def _scores(config: StudyConfig, cells: Sequence[Cell], state: Provenance) -> str:
    """The rows of tables 2 and 3 that are about these models, if they are up to date."""
    if state.reason(Task("tabulate")):  # which may name a patient
        return "Not known: the study's tables were not up to date when the bundle was made.\n"
    study = ScoredStudy(with_remotes(config), read_metrics(Results(config).metrics))
    labels = [model_label(config, cell) for cell in cells]
    printed = print_scores("", study.rows[study.rows["model"].isin(labels)], "")
    return markdown(replace(printed, caption="Scores per institution", notes=[LEGEND], bold=set()))
