"""`gfce bundle`: trained cells in one file, for another hospital to evaluate."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from gfce import __version__
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.evaluation.baselines import mean_training_ce, one_of_each_design
from gfce.exchange.archive import Content, write_archive
from gfce.exchange.card import model_card, scored_study
from gfce.exchange.contents import (
    CARD,
    CONFIG,
    FORMAT,
    MANIFEST,
    member,
    public,
    shareable_run,
)
from gfce.files import json_text, sha256, write_json
from gfce.images.fitting import load_normalization
from gfce.progress import progress
from gfce.provenance.remote import model_hashes, scoring_recipe
from gfce.provenance.state import Provenance
from gfce.steps import Task
from gfce.study import Cell, Results, cells, method_of
from gfce.study.results import FINGERPRINT, NORMALIZATION, RUN, WEIGHTS

LOGGER = logging.getLogger(__name__)


def bundle(config: StudyConfig, output: Path, patterns: Sequence[str] = ()) -> list[Cell]:
    """Write trained cells of a study as one file, and keep its checksum with the study.

    The same results give the same bytes. No member holds a patient's id, a path or a date.

    Args:
        config: the study.
        output: zip file to write.
        patterns: cells to take, as in a shell (none: all that are trained).

    Returns:
        The cells in it.

    Raises:
        UserError: a pattern fits no cell, or none but models of the study's own external
            institutions; a cell is not trained, is out of date or damaged; its
            training patients' images are gone; the output exists.
    """
    if output.exists():
        raise UserError(f"{output.name}: exists already: name a new file")
    state = Provenance(config)
    chosen = _chosen(config, state, patterns)
    for cell in chosen:
        _check_trained(state, cell)
    means = _mean_ces(config, chosen)
    described = {str(cell): _described(config, cell, means) for cell in chosen}
    members: dict[str, Content] = {}
    # Only if the study says what its training patients are like, and it is up to date.
    fingerprints = state.reason(Task("fingerprint")) is None
    for cell in chosen:
        members |= _model_members(config, cell, fingerprints=fingerprints)
    members[CONFIG] = json_text(public(config)).encode()
    members[CARD] = model_card(config, chosen, state, scored_study(config, state)).encode()
    members[MANIFEST] = json_text(_manifest(config, described, members)).encode()
    write_archive(members, output)
    _remember(config, sha256(output), described)
    return chosen


def _chosen(config: StudyConfig, state: Provenance, patterns: Sequence[str]) -> list[Cell]:
    grid, bound = _free_and_bound(config)
    left_out = [cell for cell in bound if not patterns or _fits(cell, patterns)]
    if left_out:
        LOGGER.warning("warning: left out: %s", _of_its_own(left_out))
    if not patterns:
        reasons = {cell: state.reason(Task("train", cell)) for cell in grid}
        trained = [cell for cell in grid if not reasons[cell]]
        _report_left_out({cell: reason for cell, reason in reasons.items() if reason})
        if not trained:
            raise UserError("no cell is trained: run snakemake or `gfce train` first")
        return trained
    for pattern in patterns:
        if any(_fits(cell, [pattern]) for cell in grid):
            continue
        if named := [cell for cell in bound if _fits(cell, [pattern])]:
            raise UserError(f"--cells {pattern}: {_of_its_own(named)}")
        raise UserError(f"--cells {pattern}: fits none of the grid's cells, such as {grid[0]}")
    return [cell for cell in grid if _fits(cell, patterns)]


def _fits(cell: Cell, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(str(cell), pattern) for pattern in patterns)


def _free_and_bound(config: StudyConfig) -> tuple[list[Cell], list[Cell]]:
    """The cells that other hospitals can apply, and those that are of the study's own alone."""
    methods = {cell: method_of(config, cell) for cell in cells(config)}
    bound = [cell for cell, method in methods.items() if method and method.target_patients]
    return [cell for cell in methods if cell not in bound], bound


def _of_its_own(bound: Sequence[Cell]) -> str:
    more = f" (and {len(bound) - 1} more cells)" if len(bound) > 1 else ""
    return (
        f"{bound[0]}: is adapted to the study's external institutions and to no other hospital; "
        f"the model that it began with can go{more}"
    )


def _report_left_out(reasons: Mapping[Cell, str]) -> None:
    if reasons:
        cell, reason = next(iter(reasons.items()))
        more = f" (and {len(reasons) - 1} more cells)" if len(reasons) > 1 else ""
        LOGGER.warning("warning: left out: train %s: %s%s", cell, reason, more)


def _check_trained(state: Provenance, cell: Cell) -> None:
    """Refuse a cell that is not trained as it would be now, or whose training images are gone."""
    task = Task("train", cell)
    record = state.record(task)
    reason = state.reason(task)
    if record and not reason:
        reason = record.damage(state.root(task), thoroughly=True)
    if reason:
        raise UserError(f"{task}: {reason}: run `gfce train` first")
    state.require(task)


def _mean_ces(config: StudyConfig, chosen: Sequence[Cell]) -> dict[tuple[str, str], float]:
    """The mean CE intensity of each training set in each normalization."""
    results, means = Results(config), {}
    for cell in progress(one_of_each_design(chosen), "bundle", unit="training set"):
        normalization = load_normalization(results.normalization(cell))
        mean = mean_training_ce(results, cell.training_set, normalization)
        means[cell.normalization, cell.training_set] = mean
    return means


def _described(
    config: StudyConfig, cell: Cell, means: Mapping[tuple[str, str], float]
) -> dict[str, Any]:
    """What an evaluation has to know of a cell besides its files."""
    return {
        "recipe": asdict(scoring_recipe(config, cell, model_hashes(config, cell))),
        "mean_ce": means[cell.normalization, cell.training_set],
    }


def _model_members(config: StudyConfig, cell: Cell, *, fingerprints: bool) -> dict[str, Content]:
    results = Results(config)
    more = {member(cell, FINGERPRINT): results.fingerprint(cell)} if fingerprints else {}
    run = json.loads(results.run(cell).read_text(encoding="utf-8"))
    return {
        member(cell, WEIGHTS): results.weights(cell),
        member(cell, NORMALIZATION): results.normalization(cell),
        member(cell, RUN): json_text(shareable_run(run)).encode(),
        **more,
    }


def _manifest(
    config: StudyConfig, described: dict[str, Any], members: dict[str, Content]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "gfce": __version__,
        "study": config.study,
        "cells": described,
        "members": {name: _sha256(content) for name, content in members.items()},
    }


def _sha256(content: Content) -> str:
    return sha256(content) if isinstance(content, Path) else hashlib.sha256(content).hexdigest()


def _remember(config: StudyConfig, checksum: str, described: dict[str, Any]) -> None:
    """Keep what `gfce merge` compares rows with."""
    recipes = {name: each["recipe"] for name, each in described.items()}
    content = {"format": FORMAT, "gfce": __version__, "sha256": checksum, "cells": recipes}
    write_json(content, bundle_record(config, checksum))


def bundle_record(config: StudyConfig, checksum: str) -> Path:
    """Where a study keeps what it knows of a bundle that it gave away."""
    return Results(config).bundles / f"{checksum}.json"
