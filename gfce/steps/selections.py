"""What several steps have in common: whom a cell is trained and tested on, which code it uses."""

from __future__ import annotations

from collections.abc import Iterable

from gfce.config import StudyConfig
from gfce.declarations import modules_of
from gfce.repairs.method import NONE
from gfce.steps.step import What
from gfce.study import Cell, method_of, test_institutions


def trained_on(config: StudyConfig, what: What) -> Iterable[What]:
    """The institutions of a cell's training set, and those that its repair learns from."""
    cell = _cell(what)
    method = method_of(config, cell)
    targets = config.cohort.external if method and method.target_patients else []
    return [*config.training_sets()[cell.training_set], *targets]


def begun_with(config: StudyConfig, what: What) -> Iterable[What]:
    """The cell whose finished model a cell's repair begins with (none: it has its own training)."""
    cell = _cell(what)
    method = method_of(config, cell)
    return [cell.unrepaired] if method and method.begins_with_none else []


def tested_on(config: StudyConfig, what: What) -> Iterable[What]:
    """The institutions that a cell's model is tested on."""
    return test_institutions(config, _cell(what))


def built_of(config: StudyConfig, what: What) -> list[str]:
    """The modules of a cell's network, of its normalization and of its repair."""
    cell = _cell(what)
    network = f"gfce.networks.{config.network(cell.network).architecture}"
    repair = [] if cell.repair == NONE else [f"gfce.repairs.{config.repair(cell.repair).method}"]
    return [network, _normalization(cell.normalization), *repair]


def normalization_and_metrics(config: StudyConfig, what: What) -> list[str]:
    """The modules of a cell's normalization and of all metrics."""
    return [_normalization(_cell(what).normalization), *metrics(config, what)]


def normalizations(config: StudyConfig, what: What) -> list[str]:
    """The modules of the grid's normalizations."""
    return [_normalization(name) for name in config.grid.normalizations]


def metrics(config: StudyConfig, what: What) -> list[str]:
    """The modules of all metrics."""
    return modules_of("gfce.evaluation.metrics")


def _normalization(name: str) -> str:
    return f"gfce.images.normalizations.{name}"


def _cell(what: What) -> Cell:
    assert isinstance(what, Cell)
    return what
