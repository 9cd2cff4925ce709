"""How alike two heads are: first all pairs coarsely, then the nearest pairs after alignment.

Correlation over the overlap of two heads, for every small shift (masked normalized cross
correlation: Padfield, IEEE TIP 21:2706, 2012), finds each patient's nearest heads; these are
aligned by a rigid motion with scale (Gauss-Newton on squared differences: Lucas and Kanade 1981;
inverse compositional: Baker and Matthews, IJCV 56:221, 2004) and correlated again.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from gfce.cohort.leaks.signatures import GRID, Features, Signature
from gfce.cohort.workers import processes
from gfce.images.arrays import Mask
from gfce.progress import progress

SHIFTS = tuple(itertools.product(range(-3, 4), range(-2, 3), range(-1, 2)))
"""Shifts that are tried, in grid steps: cropping moves a head's centre, most along the slices."""
NEIGHBOURS = 8
"""Nearest heads of each patient that are aligned; measured in docs/leaks.md."""
BLUR = 1.5
"""SD (grid steps) of the features that are not aligned yet, so that a turned head is near."""
LEAST_LIKE = 0.3
"""Coarse likeness below which no pair is aligned."""
LARGEST_SCALE = 0.12
"""Change of size that an alignment may find: spacing of gradient coils, rounded voxel sizes."""

Floats = NDArray[np.float32]
_CENTRE = (np.asarray(GRID) - 1) / 2
_POINTS = (np.indices(GRID).reshape(3, -1).T - _CENTRE).astype(np.float32)


@dataclass(frozen=True)
class Alike:
    """A pair of signatures by number, and the correlation (modality, other modality) of both."""

    first: int
    second: int
    correlations: NDArray[np.float64]


def compare(signatures: Sequence[Signature], workers: int = 1) -> list[Alike]:
    """Align each head with its nearest and correlate them; in order of the numbers."""
    scores, shifts = coarse_scores(signatures)
    pairs = nearest_pairs(scores)
    # Handed over once to each process, not once for each pair.
    with processes(workers, _keep, list(signatures)) as pool:
        moves = [shifts[second, first] for first, second in pairs]
        aligned = pool.map(_align_numbers, pairs, moves, chunksize=8)
        correlations = list(progress(aligned, "compare", len(pairs)))
    return [Alike(*pair, matrix) for pair, matrix in zip(pairs, correlations, strict=True)]


_kept: list[Signature] = []


def _keep(signatures: list[Signature]) -> None:
    _kept[:] = signatures


def _align_numbers(pair: tuple[int, int], shift: Sequence[int]) -> NDArray[np.float64]:
    return align(_kept[pair[0]], _kept[pair[1]], shift)


def coarse_scores(signatures: Sequence[Signature]) -> tuple[Floats, NDArray[np.int64]]:
    """The best likeness of all pairs over the shifts (n, n), and that shift (n, n, 3).

    Row i, column j: head i moved by the shift onto head j; the modality that is most alike counts.
    There is one matrix product for each shift and modality, of every eighth point. The overlap of
    two heads counts as half of the smaller head at least.
    """
    heads = np.stack([signature.head for signature in signatures]).astype(np.float32)
    features = np.stack([_blurred(signature) for signature in signatures], axis=1)
    still, still_heads = [_thinned(modality) for modality in features], _thinned(heads)
    sizes = still_heads.sum(axis=1)
    least = np.maximum(0.5 * np.minimum(sizes[:, None], sizes), 1)
    best = np.full((len(heads), len(heads)), -np.inf, dtype=np.float32)
    chosen = np.zeros((*best.shape, 3), dtype=np.int64)
    for shift in SHIFTS:
        overlap = _thinned(_moved(heads, shift)) @ still_heads.T
        pairs = zip(features, still, strict=True)
        sums = [_thinned(_moved(moving, shift)) @ fixed.T for moving, fixed in pairs]
        score = np.max(sums, axis=0) / np.maximum(overlap, least)
        better = score > best
        best[better], chosen[better] = score[better], shift
    return best, chosen


def _blurred(signature: Signature) -> Features:
    """Smoothed features, again 0 outside the head and of mean square 1 in it."""
    features = _smoothed(signature.features, BLUR) * signature.head
    size = np.sqrt((features[:, signature.head] ** 2).mean(axis=1))
    return features / (size[:, None, None, None] + 1e-12)


def _thinned(arrays: Floats) -> Floats:
    """Every second point along each of the last three axes, one row for each first index."""
    return np.ascontiguousarray(arrays[..., ::2, ::2, ::2]).reshape(len(arrays), -1)


def _moved(arrays: Floats, shift: Sequence[int]) -> Floats:
    """Arrays moved along the last three axes, with 0 at the edges that become free."""
    moved = np.roll(arrays, tuple(shift), (-3, -2, -1))
    for axis, by in zip((-3, -2, -1), shift, strict=True):
        edge = np.moveaxis(moved, axis, 0)
        if by:
            edge[slice(None, by) if by > 0 else slice(by, None)] = 0
    return moved


def nearest_pairs(scores: Floats) -> list[tuple[int, int]]:
    """The pairs (first < second) in which either head is among the nearest of the other."""
    alike = np.maximum(scores, scores.T)
    np.fill_diagonal(alike, -np.inf)
    order = np.argsort(-alike, axis=1, kind="stable")[:, :NEIGHBOURS]
    pairs = {
        (min(row, int(column)), max(row, int(column)))
        for row, columns in enumerate(order)
        for column in columns
        if alike[row, column] >= LEAST_LIKE
    }
    return sorted(pairs)


def align(still: Signature, moving: Signature, shift: Sequence[int]) -> NDArray[np.float64]:
    """Correlations (modality of still, modality of moving) after moving one head onto the other.

    `shift` takes the moving head roughly there, in grid steps. First smoothed features are
    aligned, then the features themselves.
    """
    turn, offset = np.eye(3), -np.asarray(shift, dtype=np.float64)
    points = np.flatnonzero(still.head.ravel())[::3]
    for smoothing, steps in ((1.0, 8), (0.0, 6)):
        fixed = _smoothed(still.features, smoothing)
        slopes = _slopes(fixed, points)
        goal = fixed.reshape(len(fixed), -1)[:, points]
        moved = _with_head(_smoothed(moving.features, smoothing), moving.head)
        for _ in range(steps):
            values = _sample(moved, _POINTS[points] @ turn.T + offset)
            inside = values[-1] > 0.5
            if inside.sum() < 100:
                return np.zeros((len(fixed), len(fixed)))
            step = _solve(slopes[:, inside], (values[:-1] - goal)[:, inside])
            turn, offset = _compose(turn, offset, step)
    return _correlations(still, moving, turn, offset)


def _smoothed(features: Features, sd: float) -> Features:
    return ndimage.gaussian_filter(features, (0, sd, sd, sd)) if sd else features


def _slopes(features: Features, points: NDArray[np.int64]) -> NDArray[np.float64]:
    """Change of each point's features (modality, point, parameter) by a small motion.

    Parameters: three shifts (grid steps), three rotations (radians), growth (log scale).
    """
    positions = _POINTS[points]
    parts = []
    for modality in features:
        slope = np.stack(np.gradient(modality), axis=-1).reshape(-1, 3)[points]
        growth = (slope * positions).sum(axis=1, keepdims=True)
        parts.append(np.concatenate([slope, np.cross(positions, slope), growth], axis=1))
    return np.stack(parts).astype(np.float64)


def _with_head(features: Features, head: Mask) -> Floats:
    """Features and head on a grid with a border of 0, (slice, row, column, channel)."""
    together = np.concatenate([features, head[None].astype(np.float32)])
    return np.ascontiguousarray(np.pad(np.moveaxis(together, 0, -1), ((1, 1),) * 3 + ((0, 0),)))


def _sample(bordered: Floats, positions: NDArray[np.float64]) -> Floats:
    """Channels (channel, point) at positions (point, 3) around the grid's centre, linearly."""
    size = np.asarray(bordered.shape[:3])
    index = np.clip(positions + _CENTRE + 1, 0, size - 1.001)
    low = index.astype(np.int64)
    upper = (index - low).astype(np.float32).T
    parts = (1 - upper, upper)
    steps = np.asarray((size[1] * size[2], size[2], 1))
    flat, first = bordered.reshape(-1, bordered.shape[-1]), low @ steps
    values = np.zeros((len(positions), bordered.shape[-1]), dtype=np.float32)
    for i, j, k in itertools.product((0, 1), repeat=3):
        weight = parts[i][0] * parts[j][1] * parts[k][2]
        values += weight[:, None] * flat.take(first + np.dot((i, j, k), steps), axis=0)
    return values.T


def _solve(slopes: NDArray[np.float64], difference: Floats) -> NDArray[np.float64]:
    """The motion whose linear effect is the difference, slightly damped (Levenberg 1944)."""
    matrix = slopes.reshape(-1, slopes.shape[-1])
    normal = matrix.T @ matrix
    damping = 1e-4 * np.trace(normal) / len(normal) * np.eye(len(normal))
    return np.linalg.solve(normal + damping, matrix.T @ difference.ravel().astype(np.float64))


def _compose(
    turn: NDArray[np.float64], offset: NDArray[np.float64], step: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The motion after the inverse of a step, its scale within bounds."""
    change = Rotation.from_rotvec(step[3:6]).as_matrix() * (1 + np.clip(step[6], -0.1, 0.1))
    turn = turn @ np.linalg.inv(change)
    scale = np.cbrt(np.linalg.det(turn))
    bounded = np.clip(scale, 1 - LARGEST_SCALE, 1 + LARGEST_SCALE)
    turn = turn / scale * bounded
    return turn, offset - turn @ step[:3]


def _correlations(
    still: Signature, moving: Signature, turn: NDArray[np.float64], offset: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Correlations over the overlap of both heads; 0 if that is under a quarter of the smaller."""
    points = np.flatnonzero(still.head.ravel())
    positions = _POINTS[points] @ turn.T + offset
    values = _sample(_with_head(moving.features, moving.head), positions)
    both = values[-1] > 0.5
    count = len(still.features)
    if both.sum() < 0.25 * min(still.head.sum(), moving.head.sum()):
        return np.zeros((count, count))
    fixed = still.features.reshape(count, -1)[:, points[both]]
    return np.asarray(np.corrcoef(fixed, values[:-1, both])[:count, count:], dtype=np.float64)
