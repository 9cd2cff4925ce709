"""What the sections of a configuration ask of each other.

Each check raises ValueError with the key's place, what is wrong and what to do.
"""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gfce.config.values import refuse_repeated, suggest
from gfce.networks.architecture import Architecture
from gfce.networks.discovery import architectures
from gfce.repairs import METHODS
from gfce.repairs.method import Method

if TYPE_CHECKING:
    from gfce.config.grid import Network
    from gfce.config.sections import StudyConfig

MAX_CELLS = 10_000
"""Cells of a grid, each of which is a training."""


def check_training_sets(config: StudyConfig) -> None:
    """Training sets are of development institutions, and a pool has a patient of each."""
    development, pooled = config.cohort.development, config.cohort.pooled_patients
    for name, institutions in config.training_sets().items():
        refuse_repeated(institutions, f"grid.training_sets.{name}: institution")
        for institution in institutions:
            if institution not in development:
                raise ValueError(
                    f"grid.training_sets.{name}: {institution} is not one of "
                    "cohort.development" + suggest(institution, development)
                )
        if pooled is not None and pooled < len(institutions):
            raise ValueError(
                f"cohort.pooled_patients: {pooled} is fewer than the {len(institutions)} "
                f"institutions of training set {name}: raise it"
            )


def check_networks(config: StudyConfig) -> None:
    """Every network can be built, and takes slices of the matrix."""
    declared = architectures()
    for name in config.grid.networks:
        network = config.network(name)
        needs = declared[str(network.architecture)]
        _check_width(name, network, needs)
        _check_matrix(name, config.images.matrix, needs)


def _check_width(name: str, network: Network, needs: Architecture) -> None:
    if network.width % needs.width_multiple:
        raise ValueError(
            f"grid.networks.{name}.width: {network.width} is not divisible by "
            f"{needs.width_multiple}, as {network.architecture} needs: change it"
        )


def _check_matrix(name: str, matrix: tuple[int, int], needs: Architecture) -> None:
    rows, columns = matrix
    if rows % needs.matrix_multiple or columns % needs.matrix_multiple:
        raise ValueError(
            f"images.matrix: {rows} x {columns} is not divisible by {needs.matrix_multiple}, as "
            f"{name} needs: change it"
        )
    if min(rows, columns) < needs.smallest_matrix:
        raise ValueError(
            f"images.matrix: {rows} x {columns} is too small for {name}, which needs "
            f"{needs.smallest_matrix} x {needs.smallest_matrix}: enlarge it"
        )


def check_repairs(config: StudyConfig) -> None:
    """Every repair is known, has options of its method, and a training set that it can repair."""
    for name, given in config.grid.repairs.items():
        place, method = f"grid.repairs.{name}", given.method or name
        if method not in METHODS:
            raise ValueError(f"{place}: say which `method` it is" + suggest(name, METHODS))
        _check_options(place, METHODS[method], given.options)
        _check_design(config, place, method)
        sizes = [len(institutions) for institutions in config.training_sets().values()]
        if not any(METHODS[method].applies_to(size) for size in sizes):
            kind = "one institution" if METHODS[method].training_sets == "single" else "several"
            raise ValueError(
                f"{place}: {method} needs a training set of {kind}, and grid.training_sets has "
                "none: add one or leave the repair out"
            )


def _check_design(config: StudyConfig, place: str, method: str) -> None:
    """A network and institutions that the repair asks for are there."""
    declared = METHODS[method]
    if not any(declared.suits(network.norm_layer) for network in config.grid.networks.values()):
        raise ValueError(
            f"{place}: {method} needs a network whose norm_layer is {declared.norm_layer}, and "
            "grid.networks has none: change one or leave the repair out"
        )
    if declared.target_patients and not config.cohort.external:
        raise ValueError(
            f"{place}: {method} needs an external institution to adapt to, and cohort.external "
            "names none: add one or leave the repair out"
        )


def _check_options(place: str, method: Method, options: Mapping[str, int | float]) -> None:
    for key, value in options.items():
        if key not in method.options:
            raise ValueError(f"{place}.options.{key}: unknown key" + suggest(key, method.options))
        try:
            method.options[key].check(value)
        except ValueError as error:
            raise ValueError(f"{place}.options.{key}: {value}: {error}") from None


def check_cells(config: StudyConfig) -> None:
    """The grid is no larger than a workflow, and tables tell its models apart."""
    # The labels belong to the study's design, which is made of configurations.
    from gfce.study.cell import AXES, Cell, cells, model_label

    # At most: some repairs are not of every training set.
    count = math.prod(len(axis.values(config)) for axis in AXES.values())
    if count > MAX_CELLS:
        raise ValueError(f"grid: has {count} cells, more than {MAX_CELLS}: shorten its axes")
    labels: dict[str, Cell] = {}
    for cell in cells(config):
        if cell.seed != config.grid.seeds[0]:
            continue  # seeds of a model share its label
        label = model_label(config, cell)
        first = labels.setdefault(label.casefold(), cell)
        sets = (first.training_set, cell.training_set)
        if sets[0] != sets[1]:
            raise ValueError(
                f"grid.training_sets: {sets[0]} and {sets[1]} would both be {label} in tables: "
                "rename one"
            )
        if first != cell:
            raise ValueError(
                f"grid: {first} and {cell} would both be {label} in tables: rename a value"
            )


def check_shown_models(config: StudyConfig) -> None:
    """Figure 3 shows models of the grid, each once."""
    from gfce.study.cell import cells, model_label

    chosen = config.report.figure3_models
    refuse_repeated(chosen, "report.figure3_models: model")
    known = list(dict.fromkeys(model_label(config, cell) for cell in cells(config)))
    for label in chosen:
        if label not in known:
            close = difflib.get_close_matches(label, known, n=3) or known[:3]
            raise ValueError(
                f"report.figure3_models: {label} is not one of the grid's {len(known)} models, "
                f"such as {', '.join(close)}: correct it"
            )


def check_folders(config: StudyConfig) -> None:
    """Neither the dataset nor the results lie inside the other: each is replaced as a whole."""
    # realpath follows links and, unlike Path.resolve, survives a circle of them.
    dataset, results = (
        Path(os.path.realpath(folder)) for folder in (config.cohort.dataset, config.results)
    )
    if dataset.is_relative_to(results) or results.is_relative_to(dataset):
        raise ValueError(
            "results: one of results and cohort.dataset lies inside the other: name another folder"
        )


def check_dissection(config: StudyConfig) -> None:
    """What is dissected is simulated, and there is a drop of a single institution's model."""
    if config.dissection is None:
        return
    if config.simulation is None:
        raise ValueError(
            "dissection: gfce dissect needs a simulated cohort, because no other patient can be "
            "imaged again with another protocol: leave dissection out, or give simulation"
        )
    if not config.cohort.external:
        raise ValueError("dissection: there is no drop without cohort.external: name some")
    if all(len(institutions) > 1 for institutions in config.training_sets().values()):
        raise ValueError(
            "dissection: no training set is of one institution, whose protocol could replace "
            "another's: add one to grid.training_sets"
        )


CHECKS = (
    check_training_sets,
    check_networks,
    check_repairs,
    check_cells,
    check_shown_models,
    check_folders,
    check_dissection,
)
"""In the order in which mistakes are named."""
