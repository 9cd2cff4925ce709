"""What two images say about each other, by their joint histogram."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def normalized_information(counts: NDArray[np.intp]) -> float:
    """NMI = (H(A) + H(B)) / H(A, B): 1 where A and B are unrelated, 2 where one gives the other.

    C. Studholme, D. L. G. Hill, D. J. Hawkes, Pattern Recognit 32:71 (1999). Not defined (NaN)
    where all voxels lie in one bin.

    Args:
        counts: voxels by the bin of either image, (bin of A, bin of B).
    """
    from scipy.special import entr

    joint = counts / counts.sum()
    entropy = entr(joint).sum()
    if entropy == 0:
        return math.nan
    of_one = entr(joint.sum(axis=1)).sum() + entr(joint.sum(axis=0)).sum()
    # Rounding must not leave the range.
    return float(np.clip(of_one / entropy, 1, 2))
