"""Scores of a synthetic image against the real one, region by region."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gfce.evaluation.metric import Images, Metric
from gfce.evaluation.metrics import METRICS
from gfce.evaluation.scaling import SCALINGS, common_scale
from gfce.images.arrays import Mask, Volume


def score_rows(
    real: Volume,
    synthetic: Volume,
    regions: Mapping[str, Mask],
    average: str,
    scalings: Iterable[str] = SCALINGS,
    metrics: Sequence[Metric] = METRICS,
) -> Iterator[dict[str, Any]]:
    """The scores of two volumes in raw units: `region`, `scaling` and the rest as `score` has it.

    Args:
        real: the real volume (slice, row, column).
        synthetic: the synthetic one, of the same shape.
        regions: boolean arrays of that shape.
        average: as in `score`.
        scalings: how both are brought to [0, 1], one after the other.
        metrics: those to compute.
    """
    for scaling in scalings:
        scores = score(*common_scale(real, synthetic, scaling), regions, average, metrics)
        for region, values in scores.items():
            yield {"region": region, "scaling": scaling, **values}


def score(
    real: Volume,
    synthetic: Volume,
    regions: Mapping[str, Mask],
    average: str = "volume",
    metrics: Sequence[Metric] = METRICS,
) -> dict[str, dict[str, float]]:
    """Scores of the whole volume (`volume`) and of each region that has voxels.

    Args:
        real: the real volume on the scale [0, 1] (slice, row, column).
        synthetic: the synthetic one, of the same shape.
        regions: boolean arrays of that shape.
        average: what eq. 3 and 4 run over: the patient's `volume`, or each `slice` and then the
            mean over the slices that the region meets (study decision 5) and that have a value.
        metrics: those to compute.

    Returns:
        Of each region its `n_voxels` and each metric by its name.
    """
    images = Images(real, synthetic)
    masks = {"volume": np.ones(real.shape, dtype=bool), **regions}
    return {
        name: _scores(images, mask, average, metrics) for name, mask in masks.items() if mask.any()
    }


def _scores(
    images: Images, region: Mask, average: str, metrics: Sequence[Metric]
) -> dict[str, float]:
    parts = [region] if average == "volume" else _slices(region)
    scores = {
        metric.name: _mean([metric.score(images, part) for part in parts]) for metric in metrics
    }
    return {"n_voxels": int(region.sum()), **scores}


def _mean(scores: Sequence[float]) -> float:
    """The mean of the scores that are defined; NaN where none is."""
    known = [value for value in scores if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _slices(region: Mask) -> list[Mask]:
    """The region within each slice that it meets."""
    return [_one_slice(region, int(k)) for k in np.flatnonzero(region.any(axis=(1, 2)))]


def _one_slice(region: Mask, number: int) -> Mask:
    part = np.zeros_like(region)
    part[number] = region[number]
    return part
