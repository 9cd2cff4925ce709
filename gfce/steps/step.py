"""What a step of a study is: declared once, and everything else is derived from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.estimating.job import Estimate, Job
from gfce.study import Cell, cells, find_cell

if TYPE_CHECKING:
    from gfce.provenance.ingredients import Ingredients
    from gfce.provenance.state import Provenance

What = Cell | str
"""The cell, the institution or the figure that a step is done for, or `WHOLE`."""
WHOLE = "all"
"""Stands for the whole study."""
Settings = dict[str, Any]
Hashes = dict[str, str]
Selection = Callable[[StudyConfig, What], Iterable[What]]
"""Which results of another step are read by a step that is done for something."""


@dataclass(frozen=True)
class Scope:
    """What a step is done for, one result each.

    Attributes:
        every: all of them in a study.
        argument: how it is called on the command line (empty: there is one result, of the study).
        help: about the argument.
        chosen: those that names on the command line stand for; a mistake is a UserError.
        several: whether any number of names may be given (none: all).
    """

    every: Callable[[StudyConfig], Iterable[What]]
    argument: str = ""
    help: str = ""
    chosen: Callable[[StudyConfig, list[str]], Iterable[What]] = lambda config, names: [WHOLE]
    several: bool = False


def _institution(config: StudyConfig, name: str) -> str:
    if name not in config.cohort.institutions:
        raise UserError(f"institution {name}: has no patient in this study")
    return name


STUDY = Scope(lambda config: [WHOLE])
CELL = Scope(
    cells,
    "cell",
    "network/normalization/training_set/seed-N",
    lambda config, names: [find_cell(config, name) for name in names],
)
INSTITUTION = Scope(
    lambda config: config.cohort.institutions,
    "institution",
    "as in participants.tsv",
    lambda config, names: [_institution(config, name) for name in names],
)


@dataclass(frozen=True)
class Work:
    """What a step is given to do.

    Attributes:
        config: the study.
        what: what it is done for.
        known: what is known of the study's results.
        workers: processes to share the patients.
        init: file of weights that a training begins with (None: random ones).
    """

    config: StudyConfig
    what: What
    known: Provenance
    workers: int = 1
    init: Path | None = None

    @property
    def cell(self) -> Cell:
        """The cell that it is done for."""
        assert isinstance(self.what, Cell)
        return self.what


EVERY: Selection | None = None
"""The selection of all results of the other step."""


def same(config: StudyConfig, what: What) -> Iterable[What]:
    """The other step's result of the same cell (a selection)."""
    return [what]


@dataclass(frozen=True)
class Step:
    """A step of a study.

    Attributes:
        module: the module whose code it runs, with all that this imports.
        scope: what it is done for.
        help: one sentence for the command line.
        reads: the steps whose results it reads, and which of them.
        made_of: the settings and the inputs that its result depends on.
        estimate: memory and time of its job.
        run: does it. Modules are imported within, so that a step pays for its own alone.
        uses: modules that `module` finds by name and not by an import.
        makes_do_without: steps of which a result may be missing; tables say so.
        passes_on: whether what is made of its result is due when it is. Not so if readers know
            by the hashes of the files that it was made from, or ask only that it has passed.
        must_fit: whether readers leave its result out when it is not as it would be made now.
        follows_index: whether it reads the index of the cohort, be it through others.
        is_of_dataset: whether its result and record are the dataset, which studies may share.
        has_workers: whether it can share the patients among processes.
        takes_weights: whether it can begin with weights of the user's.
    """

    module: str
    help: str
    made_of: Callable[[Ingredients, What], tuple[Settings, Hashes]]
    estimate: Callable[[Job], Estimate]
    run: Callable[[Work], None]
    scope: Scope = STUDY
    reads: Mapping[str, Selection | None] = field(default_factory=dict)
    uses: Callable[[StudyConfig, What], Iterable[str]] = lambda config, what: ()
    makes_do_without: frozenset[str] = frozenset()
    passes_on: bool = True
    must_fit: bool = False
    follows_index: bool = True
    is_of_dataset: bool = False
    has_workers: bool = False
    takes_weights: bool = False


@dataclass(frozen=True)
class Task:
    """A step, and the cell, the institution or the figure that it is done for."""

    step: str
    what: What = WHOLE

    def __str__(self) -> str:
        return self.step if self.what == WHOLE else f"{self.step} {self.what}"

    @property
    def cell(self) -> Cell | None:
        """The cell that it is done for."""
        return self.what if isinstance(self.what, Cell) else None
