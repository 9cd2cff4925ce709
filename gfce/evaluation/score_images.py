"""`gfce score`: two images by the code that scores a study's, and what the scores rest on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gfce import __version__
from gfce.evaluation.image_pair import ImagePair
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.evaluation.scaling import SCALINGS
from gfce.evaluation.scoring import score_rows
from gfce.progress import progress

SCALINGS_MEAN = {
    "reference": "REAL's range becomes [0, 1]; SYNTHETIC is mapped alike and clipped to [0, 1]",
    "separate": "the range of each image becomes [0, 1]",
}
AVERAGES_MEAN = {
    "volume": "over all voxels of a region at once",
    "slice": "of each axial slice that a region meets, then the mean over these slices",
}
OTHER_UNITS = 10.0
"""How many times the range of one image is that of another if they are not in the same units."""

Content = dict[str, Any]


def score_images(pair: ImagePair, average: str, scaling: str | None = None) -> Content:
    """All scores of a pair of images, and the ranges, masks and average that they rest on.

    Args:
        pair: the images.
        average: as in `gfce.evaluation.scoring.score`.
        scaling: one of `gfce.evaluation.scaling.SCALINGS` (None: each).

    Returns:
        What JSON can hold; a score that is not finite is None, and a remark says so.
    """
    scalings = SCALINGS if scaling is None else (scaling,)
    shown = progress(scalings, "score", unit="scaling")
    rows = list(score_rows(pair.real, pair.synthetic, pair.regions, average, shown))
    slices, *matrix = pair.real.shape
    columns_mm, rows_mm, slices_mm = pair.geometry.spacing
    return {
        "gfce": __version__,
        "slices": slices,
        "matrix": matrix,
        "voxel_mm": [slices_mm, rows_mm, columns_mm],
        "average": average,
        "average_means": AVERAGES_MEAN[average],
        "scalings": {name: SCALINGS_MEAN[name] for name in scalings},
        "range_real": _range(pair.real),
        "range_synthetic": _range(pair.synthetic),
        "clipped_share": _clipped_share(pair) if "reference" in scalings else None,
        "regions": {"volume": "every voxel", **pair.origins},
        "scores": [{key: _finite(value) for key, value in row.items()} for row in rows],
        "remarks": [*_of_images(pair, scalings), *_of_scores(rows)],
    }


def scores_json(content: Content) -> str:
    """Scores for programs."""
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def scores_text(content: Content) -> str:
    """Scores for people."""
    rows, columns = content["matrix"]
    real, synthetic = (
        "{:g} to {:g}".format(*content[f"range_{name}"]) for name in ("real", "synthetic")
    )
    clipped = content["clipped_share"]
    lines = [
        f"gfce {content['gfce']}: {content['slices']} axial slices of {rows} x {columns} pixels",
        f"range      REAL {real}, SYNTHETIC {synthetic}",
        *(f"{name:<11}{meaning}" for name, meaning in content["scalings"].items()),
        *([] if clipped is None else [f"clipped    {clipped:.2%} of SYNTHETIC's voxels"]),
        f"average    {content['average']}: {content['average_means']}",
        "",
        *_table(content["scores"]),
        "",
        *(f"{name:<11}{origin}" for name, origin in content["regions"].items()),
        *(f"remark     {remark}" for remark in content["remarks"]),
    ]
    return "\n".join(lines) + "\n"


def _table(scores: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    titles = [f"{metric.title:>{_width(metric)}}" for metric in METRICS]
    yield f"{'region':<11}{'scaling':<10}{'voxels':>9}" + "".join(titles)
    for row in scores:
        numbers = [f"{_shown(row[metric.name], metric):>{_width(metric)}}" for metric in METRICS]
        yield f"{row['region']:<11}{row['scaling']:<10}{row['n_voxels']:>9}" + "".join(numbers)


def _width(metric: Metric) -> int:
    return max(len(metric.title), 6) + 2


def _shown(value: float | None, metric: Metric) -> str:
    return "-" if value is None else f"{value * metric.print_factor:.{metric.decimals}f}"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _range(volume: Any) -> list[float]:
    return [float(volume.min()), float(volume.max())]


def _clipped_share(pair: ImagePair) -> float:
    """The share of the synthetic image's voxels outside the real one's range."""
    low, high = _range(pair.real)
    return float(((pair.synthetic < low) | (pair.synthetic > high)).mean())


def _of_images(pair: ImagePair, scalings: Sequence[str]) -> Iterator[str]:
    """What must be known of two images to read their scores."""
    if "foreground" not in pair.regions:
        yield "no head is found in REAL: give --head"
    spans = [high - low for low, high in (_range(pair.real), _range(pair.synthetic))]
    unlike = max(spans) > OTHER_UNITS * min(spans)
    if unlike and "reference" in scalings:
        yield "the ranges differ much: scaling reference takes both images to be in the same units"
    for metric in METRICS:
        if remark := metric.remark(pair.real.shape):
            yield f"{metric.title}: {remark}"


def _of_scores(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Which scores are infinite or not defined."""
    for row in rows:
        for metric in METRICS:
            if not math.isfinite(value := row[metric.name]):
                what = "not defined" if math.isnan(value) else "infinite"
                yield f"{row['region']}, {row['scaling']}: {metric.title} is {what}"
