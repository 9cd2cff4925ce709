"""Whether scores that came from elsewhere are those of the study's present models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gfce.config import StudyConfig
from gfce.files import sha256
from gfce.provenance import code
from gfce.provenance.ingredients import Ingredients
from gfce.provenance.reasons import difference
from gfce.provenance.records import Recipe, load_record
from gfce.study import Cell, Remote, Results, cells, remotes

STEPS = ("preprocess", "predict", "evaluate", "baselines")
"""The steps whose code scores patients elsewhere."""
INFERENCE = ("training.precision", "training.batch_size", "training.threads")
"""Settings of a training that a prediction depends on too; the device may be another one."""
NOT_SCORED = "is not in the bundle that was evaluated"


def scoring_recipe(config: StudyConfig, cell: Cell, model: Mapping[str, str]) -> Recipe:
    """What a patient's scores by a model are made of, apart from the patient.

    Args:
        config: the study.
        cell: the model.
        model: hashes of its weights and of its normalization, by the names of the files.
    """
    versions: dict[str, int] = {}
    edited: dict[str, str] = {}
    for step in STEPS:
        versions |= code.versions(step, config, cell)
        edited |= code.edited(step, config, cell)
    ingredients = Ingredients(config, lambda task: None)
    training = ingredients.section("training")
    settings = {
        **ingredients.preparation(),
        **{name: training[name] for name in INFERENCE},
        **ingredients.average(),
        **ingredients.repair(cell),
    }
    return Recipe(versions, edited, settings, model)


def parse_recipe(content: Any) -> Recipe:
    """A recipe that another hospital has sent, as JSON has it.

    Raises:
        ValueError: it is none.
    """
    try:
        recipe = Recipe(**content)
    except TypeError:
        raise ValueError("no recipe") from None
    if not all(isinstance(part, dict) for part in vars(recipe).values()):
        raise ValueError("no recipe")
    return recipe


def model_hashes(config: StudyConfig, cell: Cell) -> dict[str, str]:
    """Hashes of the weights and the normalization of a trained cell, by the names of the files.

    Those of its record: nothing is read (empty: it is not trained).
    """
    results = Results(config)
    record = load_record(results.record("train", cell))
    written = record.hashes() if record else {}
    paths = (results.weights(cell), results.normalization(cell))
    names = {path.name: path.relative_to(results.root).as_posix() for path in paths}
    return {short: written[name] for short, name in names.items() if name in written}


def misfit(config: StudyConfig, cell: Cell, scored: Recipe) -> str | None:
    """Why scores of a model are not the present model's (None: they are)."""
    return difference("evaluate", scored, scoring_recipe(config, cell, model_hashes(config, cell)))


def misfits(config: StudyConfig) -> dict[Remote, dict[Cell, str]]:
    """Of each merged institution the cells whose rows it lacks or cannot be used, each with why."""
    grid = cells(config)
    return {remote: _misfits(config, remote, grid) for remote in remotes(config)}


def _misfits(config: StudyConfig, remote: Remote, grid: list[Cell]) -> dict[Cell, str]:
    files = remote.description["files"]
    for name, expected in files.items():
        path = remote.folder / name
        if not path.is_file() or sha256(path) != expected:
            return dict.fromkeys(grid, f"{name} is not as it was merged")
    cells_of = remote.description["cells"].items()
    scored = {name: parse_recipe(recipe) for name, recipe in cells_of}
    reasons = {
        cell: misfit(config, cell, scored[str(cell)]) if str(cell) in scored else NOT_SCORED
        for cell in grid
    }
    return {cell: reason for cell, reason in reasons.items() if reason}


def remote_inputs(config: StudyConfig) -> dict[str, str]:
    """What merged institutions contribute to tables, as inputs of a recipe (none: nothing)."""
    return {
        f"scores of {remote.name}": code.digest(
            [remote.description["files"], {str(cell): why for cell, why in reasons.items()}]
        )
        for remote, reasons in misfits(config).items()
    }
