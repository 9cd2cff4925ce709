"""Doing a task: what it reads is verified, what it writes is recorded, nothing is done twice."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path

from gfce.config import StudyConfig
from gfce.files import recording
from gfce.provenance.records import Record
from gfce.provenance.state import INITIAL, Provenance
from gfce.steps import Task

LOGGER = logging.getLogger(__name__)
TEMPORARY = re.compile(r"\.\d+-")
"""What a temporary name of gfce.files begins with; a killed process leaves such files."""


def perform(
    config: StudyConfig,
    task: Task,
    run: Callable[[Provenance], None],
    initial_weights: str | None = None,
) -> None:
    """Do a task unless its result is as it would be made now.

    The former result stays until the new one is there: files are replaced one by one, those that
    are not written any more go last, and until the record is written the result counts as due.

    Args:
        config: the study.
        task: what to do.
        run: does it; given what is known of the study's results.
        initial_weights: hash of the weights that a training begins with.

    Raises:
        UserError: something that the task reads is missing, out of date or damaged.
    """
    state = Provenance(config)
    state.require(task)
    recipe, former = state.recipe(task), state.record(task)
    if initial_weights:
        recipe = replace(recipe, inputs={**recipe.inputs, INITIAL: initial_weights})
    root = state.root(task)
    complete = not state.unusable(task)
    if complete and former and former.recipe == recipe and not former.damage(root, thoroughly=True):
        LOGGER.info("%s: up to date", task)
        return
    with recording() as written:
        run(state)
    record = Record.of(recipe, root, written)
    _remove(former.files if former else (), record.files, root)
    record.save(state.record_path(task))


def _remove(former: Iterable[str], kept: Collection[str], root: Path) -> None:
    """Remove what the result no longer has, and what killed attempts left beside it."""
    for name in set(former) - set(kept):
        if ".." not in Path(name).parts:
            (root / name).unlink(missing_ok=True)
    for name in kept:
        path = root / name
        for left in path.parent.glob(f".*-{path.name}"):
            if TEMPORARY.fullmatch(left.name.removesuffix(path.name)):
                left.unlink(missing_ok=True)
