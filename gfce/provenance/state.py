"""Which results of a study are as its configuration, code and data would make them now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.provenance.ingredients import Ingredients
from gfce.provenance.reasons import difference
from gfce.provenance.recipes import recipe_of
from gfce.provenance.records import Recipe, Record, load_record
from gfce.steps import CELL_STEPS, STEPS, Task, needs, optional, reads
from gfce.study import Cell, Results

SIMULATION = Path("code", "gfce-simulation.json")
"""The record of a simulated dataset, which lies in it: several studies may use one."""
NOT_MADE = "not made yet"
INITIAL = "initial weights"
"""The input of a training that began with weights of the user's (`gfce train --init`)."""


class Provenance:
    """The state of a study's results at one moment: what was found once is not looked at again."""

    def __init__(self, config: StudyConfig) -> None:
        self.config = config
        self.results = Results(config)
        self._ingredients = Ingredients(config, self._fitting_record)
        self._differences: dict[Task, str | None] = {}
        self._reasons: dict[Task, str | None] = {}
        self._damages: dict[Task, str | None] = {}
        self._loaded: dict[Task, Record | None] = {}

    def root(self, task: Task) -> Path:
        """The folder that a task's files lie in."""
        return self.config.cohort.dataset if _is_of_dataset(task) else self.results.root

    def record_path(self, task: Task) -> Path:
        """Where the record of a task's result lies."""
        if _is_of_dataset(task):
            return self.root(task) / SIMULATION
        return self.results.record(task.step, task.what)

    def record(self, task: Task) -> Record | None:
        """The record of a task's result (None: there is none)."""
        if task not in self._loaded:
            self._loaded[task] = load_record(self.record_path(task))
        return self._loaded[task]

    def recipe(self, task: Task) -> Recipe:
        """What a task's result would be made of now.

        A model that was trained from weights of the user's stays one: they are in no configuration.
        """
        recipe, record = recipe_of(self._ingredients, task), self.record(task)
        takes_weights = STEPS[task.step].takes_weights
        kept = record.recipe.inputs.get(INITIAL) if record and takes_weights else None
        return replace(recipe, inputs={**recipe.inputs, INITIAL: kept}) if kept else recipe

    def reason(self, task: Task) -> str | None:
        """Why a task is due, in words (None: it is not)."""
        if task not in self._reasons:
            difference_, followed = self._difference(task), self._followed(task)
            # What tables gather is not there while it is due: that is why they differ.
            gathers = STEPS[task.step].makes_do_without and difference_ != NOT_MADE
            order = (followed, difference_) if gathers else (difference_, followed)
            self._reasons[task] = order[0] or order[1]
        return self._reasons[task]

    def next_step(self, cell: Cell) -> tuple[str, str] | None:
        """The first step of a cell that is due, and why (None: the cell is scored)."""
        for step in CELL_STEPS:
            if reason := self.reason(Task(step, cell)):
                return step, reason
        return None

    def _difference(self, task: Task) -> str | None:
        """Why a result is not as its recipe and its record say, whatever it reads."""
        if task not in self._differences:
            self._differences[task] = self._compared(task)
        return self._differences[task]

    def _compared(self, task: Task) -> str | None:
        record = self.record(task)
        if record is None:
            return NOT_MADE
        if STEPS[task.step].follows_index and self.reason(Task("index")):
            return "follows index"
        if changed := difference(task.step, record.recipe, self.recipe(task)):
            return changed
        # What becomes of a simulated dataset is the user's affair: to the index it is data.
        return None if _is_of_dataset(task) else record.damage(self.root(task))

    def _followed(self, task: Task) -> str | None:
        for read in reads(self.config, task):
            if STEPS[read.step].passes_on and self.reason(read):
                return f"follows {read.step}"
        return None

    def _fitting_record(self, task: Task) -> Record | None:
        """The record of what others read; what tables gather has to fit."""
        unfit = STEPS[task.step].must_fit and self.reason(task)
        return None if unfit else self.record(task)

    def require(self, task: Task) -> None:
        """See to it that what a task reads is there, is up to date and is as it was written.

        Raises:
            UserError: it is not; the message says what makes it again.
        """
        for read in needs(self.config, task):
            if reason := self._unfit(read) or self._damage(read):
                raise UserError(f"{read}: {reason}: run `gfce {read.step}` first")

    def _unfit(self, task: Task) -> str | None:
        """Why a result cannot be read by others; tables may lack what is not made yet."""
        behind = map(self._unfit, needs(self.config, task))
        return self._difference(task) or next(filter(None, behind), None)

    def _damage(self, task: Task) -> str | None:
        if task not in self._damages:
            self._damages[task] = self._hashed(task)
        return self._damages[task]

    def _hashed(self, task: Task) -> str | None:
        record = self.record(task)
        if record is None or _is_of_dataset(task):
            return None
        damage = record.damage(self.root(task), thoroughly=True)
        if damage:
            # Whoever looks at sizes and times alone has to see it as well.
            record.doubted().save(self.record_path(task))
        return damage

    def unusable(self, task: Task) -> dict[Task, str]:
        """What a task makes do without, of what is there, and why it does not fit."""
        reasons = {}
        for read in reads(self.config, task):
            reason = optional(task, read) and (self.reason(read) or self._damage(read))
            if reason:
                reasons[read] = reason
        return reasons


def _is_of_dataset(task: Task) -> bool:
    return STEPS[task.step].is_of_dataset
