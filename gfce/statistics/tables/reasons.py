"""Why a percentage of tables 4 and 5 is empty."""

from __future__ import annotations

from collections.abc import Sequence

from gfce.evaluation.metric import Metric
from gfce.statistics.scored_study import ScoredStudy

NO_EXTERNAL = "the study has no external institution"


def why_no_percentage(
    study: ScoredStudy, labels: Sequence[str], needed: str, metric: Metric
) -> str:
    """Which of the models a percentage needs lack a mean.

    Args:
        study: the study.
        labels: the models that the percentage follows from.
        needed: the means that it needs of them, in words.
        metric: of the percentage.
    """
    empty = set(study.rows.loc[study.rows[metric.mean].isna(), "model"])
    without = [label for label in labels if label in empty]
    if not without:
        return "a percentage of 0 is not defined"
    return f"needs {needed}: not known for {', '.join(without)}"
