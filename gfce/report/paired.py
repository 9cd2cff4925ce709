"""What estimation plots show of a study: patients by its scores, effects by its statistics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gfce.contract.columns import OVERALL
from gfce.evaluation.metric import Metric
from gfce.files import records
from gfce.report.colours import Look
from gfce.report.estimation import Axis, Block, Pair, Vector
from gfce.statistics.design import Model, normalization_title
from gfce.statistics.inference.home_and_away import Match, is_decibel, matches
from gfce.statistics.inference.paired_tests import Comparison
from gfce.statistics.inference.transfer import FAMILY, loss_of
from gfce.statistics.selection import where
from gfce.statistics.tables.aggregate import Scores

SCOPE = "external"
"""The patients that differences are shown of: all external ones, each with the same weight."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """The scores that are shown.

    Attributes:
        metric: of the scores.
        scores: of all patients, by institution and model.
        looks: of the models by their labels.
    """

    metric: Metric
    scores: Scores
    looks: Mapping[str, Look]

    def of(self, label: str, institutions: Iterable[str]) -> Vector:
        """A model's scores at institutions, as they are printed (patient,)."""
        parts = [self.scores[name][label] for name in institutions if name in self.scores]
        return np.concatenate([np.empty(0), *parts]) * self.metric.print_factor


def difference_axis(metric: Metric) -> Axis:
    """The axes of differences, the right model's score less the left one's."""
    better, worse = "right is better", "right is worse"
    above, below = (better, worse) if metric.higher_is_better else (worse, better)
    return Axis(metric.title, f"difference of\n{metric.title}", above, below)


def loss_axis(metric: Metric) -> Axis:
    """The axes of losses by transfer: dB, or percent of ratios."""
    unit = "dB" if is_decibel(metric) else "%"
    name = f"loss in {metric.label} ({unit})"
    return Axis(metric.title, name, "worse away", "better away", not is_decibel(metric))


def difference_blocks(
    shown: Shown, chosen: Iterable[Comparison], tests: pd.DataFrame
) -> list[Block]:
    """Comparisons on the external patients, a block for what they have in common.

    Args:
        shown: the scores.
        chosen: the comparisons; those without external patients are left out.
        tests: rows of paired_tests.csv.
    """
    of_scope = where(tests, {"metric": shown.metric.name, "scope": SCOPE})
    rows = {(row["family"], row["model_a"], row["model_b"]): row for row in records(of_scope)}
    blocks: dict[str, list[Pair]] = {}
    for pair in chosen:
        if institutions := pair.scopes().get(SCOPE):
            row = rows[pair.family, pair.a.label, pair.b.label]
            found = _difference(shown, pair, institutions, row)
            blocks.setdefault(_title(pair), []).append(found)
    return list(blocks.items())


def _title(pair: Comparison) -> str:
    if pair.a.cell.normalization == pair.b.cell.normalization:
        return f"{pair.a.label} (right) against single-institution training (left)"
    later, earlier = (normalization_title(m.cell.normalization) for m in (pair.a, pair.b))
    return f"{later} (right) against {earlier} (left)"


def _difference(shown: Shown, pair: Comparison, institutions: Sequence[str], row: Row) -> Pair:
    labels, factor = (pair.b.label, pair.a.label), shown.metric.print_factor
    value, low, high = (
        factor * float(row[name]) for name in ("mean_difference", "ci95_low", "ci95_high")
    )
    return Pair(
        labels,
        _known(*(shown.of(label, institutions) for label in labels)),
        (shown.looks[labels[0]], shown.looks[labels[1]]),
        *(value, low, high),
        f"n = {row['n']}",
    )


def _known(left: Vector, right: Vector) -> tuple[Vector, Vector]:
    """The patients that have both scores."""
    known = np.isfinite(left) & np.isfinite(right)
    return left[known], right[known]


def loss_blocks(
    shown: Shown, groups: Iterable[Sequence[Model]], losses: pd.DataFrame
) -> list[Block]:
    """Home and away, a block for each group of models.

    Args:
        shown: the scores.
        groups: the models of each table of scores.
        losses: rows of transfer.csv.
    """
    of_family = where(losses, {"family": FAMILY, "metric": shown.metric.name})
    return [
        (f"{normalization_title(group[0].cell.normalization)}: home (left), away (right)", pairs)
        for group in groups
        if (pairs := _losses(shown, matches(group), where(of_family, group[0].group_keys)))
    ]


def _losses(shown: Shown, found: Sequence[Match], rows: pd.DataFrame) -> list[Pair]:
    by_institution = {row["institution"]: row for row in records(rows)}
    scores = [_home_and_away(shown, match) for match in found]
    pairs = [
        _loss(shown, both, by_institution[match.institution], match.home.label)
        for both, match in zip(scores, found, strict=True)
    ]
    if OVERALL in by_institution:
        everyone = tuple(np.concatenate(side) for side in zip(*scores, strict=True))
        pairs.append(_loss(shown, (everyone[0], everyone[1]), by_institution[OVERALL], ""))
    return pairs


def _home_and_away(shown: Shown, match: Match) -> tuple[Vector, Vector]:
    """Scores at home and the mean of those away, on the scale that losses are means on."""
    home = shown.of(match.home.label, [match.institution])
    guests = np.array([shown.of(guest.label, [match.institution]) for guest in match.away])
    if is_decibel(shown.metric):
        return _known(home, guests.mean(axis=0))
    with np.errstate(divide="ignore"):
        home, away = np.log(home), np.log(guests).mean(axis=0)
    left, right = _known(home, away)
    return np.exp(left), np.exp(right)


def _loss(shown: Shown, scores: tuple[Vector, Vector], row: Row, home: str) -> Pair:
    return Pair(
        (home or "home", "away"),
        scores,
        (shown.looks.get(home), None),
        loss_of(row, shown.metric),
        *(float(row["ci95_low"]), float(row["ci95_high"])),
        f"{row['institution']}\nn = {row['n']}",
    )
