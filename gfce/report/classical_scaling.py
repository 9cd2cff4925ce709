"""Classical multidimensional scaling: a map on which distances are as given, as far as it can be.

Source: Torgerson, Psychometrika 17:401 (1952); Gower, Biometrika 53:325 (1966).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def classical_map(distances: Floats) -> tuple[Floats, float]:
    """Places (point, 2) in the unit of the distances, and the share of them that the map keeps.

    The share is that of the two largest eigenvalues in the sum of all absolute ones (Mardia,
    Commun. Stat. A 7:1233, 1978). The first axis is the widest; on each, the point that is farthest
    out has a positive place.

    Args:
        distances: symmetric (point, point), of one point or more.
    """
    count = len(distances)
    centring = np.eye(count) - 1 / count
    values, vectors = np.linalg.eigh(-centring @ np.square(distances) @ centring / 2)
    order = np.argsort(values)[::-1][:2]
    places = vectors[:, order] * np.sqrt(np.clip(values[order], 0, None))
    places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    farthest = places[np.abs(places).argmax(axis=0), np.arange(2)]
    total = np.abs(values).sum()
    share = float(np.clip(values[order], 0, None).sum() / total) if total else 1.0
    return places * np.where(farthest < 0, -1, 1), share
