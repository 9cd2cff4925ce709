"""The paper's printed values, for a study that has the paper's design."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gfce.config import StudyConfig
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.files import records
from gfce.statistics.audit.published import Published, read_published
from gfce.statistics.design import Model, models

NETWORK = "mmgsn_net"
"""The paper's architecture."""
Printed = dict[tuple[str, str, str, str], float]
"""Percentages by network, normalization, model and metric (none: another design)."""


def network_of_papers_design(config: StudyConfig, published: Published) -> str | None:
    """The network whose models are those of the printed tables, as far as their design goes.

    They are if the models of the paper's architecture have the labels and normalizations of the
    printed ones, and each as many internal and external institutions. How institutions are called,
    who their patients are and how large the network is is not asked. None: there is none.

    Args:
        config: the study, with what was merged into it.
        published: the printed tables.
    """
    own = [m for m in models(config) if config.network(m.cell.network).architecture == NETWORK]
    return own[0].cell.network if own and _design(own) == _design(published.models()) else None


def _design(grid: Sequence[Model]) -> Counter[tuple[str, str, int, int]]:
    return Counter(
        (model.label, model.cell.normalization, len(model.internal), len(model.external))
        for model in grid
    )


def printed_drops(config: StudyConfig) -> Printed:
    """The drops of the paper's table V, Overall among them."""
    published = read_published()
    network = network_of_papers_design(config, published)
    return {
        (network, row["normalization"], row["model"], metric.name): float(row[metric.drop])
        for row in records(published.drops)
        for metric in TESTED_METRICS
        if network
    }


def printed_improvements(config: StudyConfig) -> Printed:
    """The improvements of the paper's table IV."""
    published = read_published()
    network = network_of_papers_design(config, published)
    normalizations = {model.label: model.cell.normalization for model in published.models()}
    return {
        (network, normalizations[label], label, metric.name): float(row[metric.improvement])
        for row in records(published.improvements)
        for label in [row["model"]]
        for metric in TESTED_METRICS
        if network
    }
